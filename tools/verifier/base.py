"""Section 1 of docs/transcript.md: hashes, signatures, trees; and how a step fails."""

import hashlib
import hmac
import itertools
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256

MIB = 1 << 20
END_OF_TIME = 253402300800      # seconds


class Malformed(Exception):
    """Bytes are not the canonical encoding of what they stand for."""


class Refused(Exception):
    """A step fails; `entry` and `record` are what section 3 names."""

    def __init__(self, text, entry=None, record=None):
        super().__init__(text)
        self.entry = entry if entry is None else min(entry, 2**63 - 1)
        self.record = record


def demand(condition, text, entry=None, record=None):
    if not condition:
        raise Refused(text, entry, record)


def ascending(values):
    return all(a < b for a, b in itertools.pairwise(values))


def u32(number):
    return struct.pack(">I", number)


def sha256(data):
    return hashlib.sha256(data).digest()


def indices(members):
    return b"".join(map(u32, members))


def H(purpose, *fields):
    label = b"secagg/v1/" + purpose.encode()
    hasher = hashlib.sha256(struct.pack(">H", len(label)) + label)
    for field in fields:
        field = u32(field) if isinstance(field, int) else field
        hasher.update(u32(len(field)))
        hasher.update(field)
    return hasher.digest()


def expand(key, purpose, info, size):
    return hmac.digest(key, b"secagg/v1/" + purpose.encode() + info + b"\x01", "sha256")[:size]


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
CURVE_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def is_point(key):
    if len(key) != 65 or key[0] != 4:
        return False
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    return x < PRIME and y < PRIME and (y * y - (x * x - 3) * x - CURVE_B) % PRIME == 0


def is_signed(key, digest, signature):
    """`key` is known to be a point."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if s > (ORDER - 1) // 2:
        return False
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        public.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(SHA256())))
        return True
    except InvalidSignature:
        return False


def keystream(key, size):
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(size))


def leaf_hash(data):
    return sha256(b"\x00" + data)


def node(left, right):
    return sha256(b"\x01" + left + right)


def tree_root(leaves):
    """Of leaf hashes. Joining neighbours level by level, the odd one going up as it is, gives RFC 6962's tree."""
    while len(leaves) > 1:
        leaves = [node(*leaves[i:i + 2]) if i + 1 < len(leaves) else leaves[i] for i in range(0, len(leaves), 2)]
    return leaves[0] if leaves else sha256(b"")


def is_included(index, size, leaf, path, root):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0 or len(p) != 32:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_extended(a, b, proof):
    """a and b are (size, root), 0 < a's size <= b's."""
    if a[0] == b[0]:
        return not proof and a[1] == b[1]
    path = [a[1], *proof] if a[0] & (a[0] - 1) == 0 else proof
    if not path or any(len(p) != 32 for p in path):
        return False
    fn, sn = a[0] - 1, b[0] - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for p in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(p, fr), node(p, sr)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == a[1] and sr == b[1]
