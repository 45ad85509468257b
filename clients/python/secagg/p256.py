"""ECDSA on P-256 with SHA-256 (FIPS 186-5), with nonces of RFC 6979, in Python's own integers.

Python's integers take different times for different numbers. What depends on a secret is blinded (projective coordinates and the nonce's inverse by random
factors, a ladder of the same steps for every scalar), which makes a measurement hard but does not exclude it: sign where nobody else can measure, on the
analyst's own machine.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
INFINITY = (0, 1, 0)

# SEQUENCE { INTEGER 0, SEQUENCE { id-ecPublicKey, prime256v1 }, OCTET STRING (ECPrivateKey)
PKCS8 = bytes.fromhex("020100301306072a8648ce3d020106082a8648ce3d030107")


class BadKey(ValueError):
    """No private key on P-256."""


class PrivateKey:
    """A private scalar; it never shows itself."""

    __slots__ = ("_d", "public")

    def __init__(self, scalar):
        if not 0 < scalar < N:
            raise BadKey("the private key is not between 1 and the group's order")
        self._d = scalar
        self.public = encode_point(_affine(_times(scalar, G)))

    def __repr__(self):
        return f"PrivateKey({hashlib.sha256(self.public).hexdigest()[:16]})"

    @classmethod
    def from_pem(cls, text):
        """PKCS#8, as `secagg keygen` writes it."""
        begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
        if text.count(begin) != 1 or end not in text:
            raise BadKey("the file has no unencrypted PRIVATE KEY block (PKCS#8 PEM); make one with `secagg keygen`")
        try:
            der = base64.b64decode("".join(text.split(begin)[1].split(end)[0].split()), validate=True)
            outer = _tlv(der, 0x30)
            if not outer.startswith(PKCS8):
                raise ValueError
            inner = _tlv(_tlv(outer[len(PKCS8):], 0x04, rest=True), 0x30)
            # INTEGER 1, OCTET STRING of 32 bytes; what follows is the public half, which is computed.
            if inner[:5] != bytes.fromhex("0201010420") or len(inner) < 37:
                raise ValueError
            return cls(int.from_bytes(inner[5:37], "big"))
        except (ValueError, IndexError, binascii.Error):
            raise BadKey("the PRIVATE KEY block is not an elliptic-curve key on P-256; make one with `secagg keygen`") from None

    def sign(self, digest):
        """r and s, 64 bytes, of a SHA-256 digest, with the lower of the two possible s."""
        e = int.from_bytes(digest, "big")
        for k in nonces(self._d, digest):
            r = _affine(_times(k, G))[0] % N
            blind = secrets.randbelow(N - 1) + 1
            s = pow(k * blind % N, -1, N) * ((e * blind + r * (self._d * blind % N)) % N) % N
            if r and s:
                return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")
        raise AssertionError


def nonces(scalar, digest):
    """RFC 6979, section 3.2, with HMAC-SHA-256."""
    seed = scalar.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    k, v = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + step + seed, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        if 0 < (number := int.from_bytes(v, "big")) < N:
            yield number
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


def verify(public, digest, signature):
    """Whether a signature by a point (65 bytes) is good, with the lower s."""
    point = decode_point(public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    w = pow(s, -1, N)
    total = _add(_times(int.from_bytes(digest, "big") * w % N, G), _times(r * w % N, point))
    return total[2] != 0 and _affine(total)[0] % N == r


def encode_point(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode_point(data):
    """The point of 65 bytes; None if they are none of the curve."""
    if len(data) != 65 or data[0] != 4:
        return None
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    return (x, y) if x < P and y < P and (y * y - (x * x - 3) * x - B) % P == 0 else None


def _times(scalar, point):
    """scalar * point by a ladder of 256 steps, in projective coordinates that begin with a random factor."""
    z = secrets.randbelow(P - 1) + 1
    low, high = INFINITY, (point[0] * z % P, point[1] * z % P, z)
    for bit in range(255, -1, -1):
        both = _add(low, high)
        low, high = (both, _add(high, high)) if scalar >> bit & 1 else (_add(low, low), both)
    return low


def _add(one, other):
    """Renes, Costello and Batina 2016, algorithm 4: complete, for a = -3; also doubles."""
    x1, y1, z1 = one
    x2, y2, z2 = other
    t0, t1, t2 = x1 * x2 % P, y1 * y2 % P, z1 * z2 % P
    t3 = ((x1 + y1) * (x2 + y2) - t0 - t1) % P
    t4 = ((y1 + z1) * (y2 + z2) - t1 - t2) % P
    y3 = ((x1 + z1) * (x2 + z2) - t0 - t2) % P
    x3 = 3 * (y3 - B * t2) % P
    z3, x3 = (t1 - x3) % P, (t1 + x3) % P
    t2 = 3 * t2 % P
    y3 = 3 * (B * y3 - t2 - t0) % P
    t0 = (3 * t0 - t2) % P
    return (t3 * x3 - t4 * y3) % P, (x3 * z3 + t0 * y3) % P, (t4 * z3 + t3 * t0) % P


def _affine(point):
    inverse = pow(point[2], -1, P)
    return point[0] * inverse % P, point[1] * inverse % P


def _tlv(der, tag, rest=False):
    """The content of a DER element; nothing may follow it but where `rest` says so."""
    if der[0] != tag:
        raise ValueError
    size, at = der[1], 2
    if size & 0x80:
        at = 2 + (size & 0x7F)
        size = int.from_bytes(der[2:at], "big")
    if len(der) < at + size or (not rest and len(der) != at + size):
        raise ValueError
    return der[at:at + size]
