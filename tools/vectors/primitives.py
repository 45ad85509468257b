"""P-256, AES-128, GCM, CTR, HKDF, Shamir over GF(2^128) and the RFC 6962 tree, in plain Python.

Slow and not constant-time on purpose: it makes test vectors from test keys, and has to be easy to check against the standards.
`self_test` holds each primitive to published known answers before a vector is written.
"""

import hashlib
import hmac


def sha256(data):
    return hashlib.sha256(data).digest()


# --- P-256 (FIPS 186-4, D.1.2.3) ---

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def on_curve(point):
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0


def _double(point):
    x, y, z = point
    if not y:
        return (1, 1, 0)
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, ((y + z) * (y + z) - gamma - delta) % P


def _add(p, q):
    if not p[2]:
        return q
    if not q[2]:
        return p
    z1z1, z2z2 = p[2] * p[2] % P, q[2] * q[2] % P
    u1, u2 = p[0] * z2z2 % P, q[0] * z1z1 % P
    s1, s2 = p[1] * q[2] * z2z2 % P, q[1] * p[2] * z1z1 % P
    if u1 == u2:
        return _double(p) if s1 == s2 else (1, 1, 0)
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * p[2] * q[2] % P


def _affine(point):
    if not point[2]:
        return None
    inverse = pow(point[2], -1, P)
    return point[0] * inverse * inverse % P, point[1] * inverse * inverse * inverse % P


def _times(k, point):
    total, addend = (1, 1, 0), (*point, 1)
    while k:
        if k & 1:
            total = _add(total, addend)
        addend = _double(addend)
        k >>= 1
    return total


def times(k, point=G):
    return _affine(_times(k, point))


def encode_point(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode_point(data):
    if len(data) != 65 or data[0] != 4:
        raise ValueError("a public key is 65 bytes, uncompressed")
    point = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if not on_curve(point):
        raise ValueError("the point is not on the curve")
    return point


def public_key(private):
    return encode_point(times(private))


def ecdh(private, public):
    return times(private, decode_point(public))[0].to_bytes(32, "big")


def _nonce(private, digest):
    """RFC 6979, section 3.2; the hash and the order are both 256 bits long."""
    seed = private.to_bytes(32, "big") + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    k, v = bytes(32), b"\x01" * 32
    for marker in (b"\0", b"\1"):
        k = hmac.digest(k, v + marker + seed, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        if 1 <= int.from_bytes(v, "big") < N:
            return int.from_bytes(v, "big")
        k = hmac.digest(k, v + b"\0", "sha256")
        v = hmac.digest(k, v, "sha256")


def ecdsa(private, digest):
    """(r, s) as RFC 6979 gives them; r = 0 or s = 0 has probability 2^-256 and would raise in `verify`."""
    k = _nonce(private, digest)
    r = times(k)[0] % N
    return r, pow(k, -1, N) * (int.from_bytes(digest, "big") + r * private) % N


def sign(private, digest):
    r, s = ecdsa(private, digest)
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def high_s(signature):
    return signature[:32] + (N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def verify(public, digest, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < r < N or not 0 < s <= (N - 1) // 2:
        return False
    w = pow(s, -1, N)
    point = _affine(_add(_times(int.from_bytes(digest, "big") * w % N, G), _times(r * w % N, decode_point(public))))
    return point is not None and point[0] % N == r


# --- AES-128 (FIPS 197), CTR (SP 800-38A), GCM (SP 800-38D) ---


def _xtime(a):
    return (a << 1) ^ (0x11B if a & 0x80 else 0)


def _make_sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p ^= _xtime(p)  # p runs through the powers of the generator 3 …
        for shift in (1, 2, 4):  # … and q through those of its inverse
            q ^= (q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        box[p] = 0x63 ^ q ^ ((q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _make_sbox()


def aes_schedule(key):
    words, rcon = [list(key[i : i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = list(words[-1])
        if i % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = _xtime(rcon) & 0xFF if rcon < 0x80 else 0x1B
        words.append([a ^ b for a, b in zip(word, words[-4])])
    return [sum(words[i : i + 4], []) for i in range(0, 44, 4)]


def aes_block(schedule, block):
    state = [a ^ b for a, b in zip(block, schedule[0])]
    for number in range(1, 11):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]  # SubBytes, ShiftRows
        if number < 10:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c : c + 4]
                everything = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[i] ^ everything ^ _xtime(column[i] ^ column[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, schedule[number])]
    return bytes(state)


def _xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def ctr_stream(key, counter, length):
    schedule, out = aes_schedule(key), b""
    while len(out) < length:
        out += aes_block(schedule, counter.to_bytes(16, "big"))
        counter = (counter + 1) % (1 << 128)
    return out[:length]


def ghash_multiply(x, y):
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def _gcm_tag(key, nonce, ciphertext, aad):
    schedule = aes_schedule(key)
    h, y = int.from_bytes(aes_block(schedule, bytes(16)), "big"), 0
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, ciphertext))
    padded += (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    for i in range(0, len(padded), 16):
        y = ghash_multiply(y ^ int.from_bytes(padded[i : i + 16], "big"), h)
    return _xor(y.to_bytes(16, "big"), aes_block(schedule, nonce + b"\0\0\0\1"))


def gcm_seal(key, plaintext, aad, nonce=bytes(12)):
    ciphertext = _xor(plaintext, ctr_stream(key, int.from_bytes(nonce + b"\0\0\0\2", "big"), len(plaintext)))
    return ciphertext + _gcm_tag(key, nonce, ciphertext, aad)


def gcm_open(key, sealed, aad, nonce=bytes(12)):
    if _gcm_tag(key, nonce, sealed[:-16], aad) != sealed[-16:]:
        raise ValueError("the sealed message does not open")
    return _xor(sealed[:-16], ctr_stream(key, int.from_bytes(nonce + b"\0\0\0\2", "big"), len(sealed) - 16))


# --- HKDF-SHA-256 (RFC 5869) ---


def hkdf_extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha256")


def hkdf_expand(prk, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out, counter = out + block, counter + 1
    return out[:length]


# --- Shamir over GF(2^128), x^128 + x^7 + x^2 + x + 1, bit j of byte i = coefficient of x^(8i + j) ---


def gf_multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> 128:
            a ^= 1 << 128 | 0x87
        b >>= 1
    return product


def gf_inverse(a):
    result, square = 1, a
    for _ in range(127):  # a^(2^128 − 2)
        square = gf_multiply(square, square)
        result = gf_multiply(result, square)
    return result


def shamir_share(secret, threshold, coefficients, xs):
    """Shares of a 32-byte secret for the holders at `xs`; `coefficients`: block 0's a_1 … then block 1's, 16 bytes each."""
    degree, shares = threshold - 1, {x: b"" for x in xs}
    for block in range(2):
        own = coefficients[block * degree * 16 : (block + 1) * degree * 16]
        polynomial = [secret[16 * block : 16 * block + 16]] + [own[16 * i : 16 * i + 16] for i in range(degree)]
        for x in xs:
            value = 0
            for coefficient in reversed(polynomial):
                value = gf_multiply(value, x) ^ int.from_bytes(coefficient, "little")
            shares[x] += value.to_bytes(16, "little")
    return shares


def shamir_combine(shares):
    """The secret from {x: share}, by Lagrange interpolation at 0."""
    secret = b""
    for block in range(2):
        total = 0
        for x, share in shares.items():
            term = int.from_bytes(share[16 * block : 16 * block + 16], "little")
            for other in shares:
                if other != x:
                    term = gf_multiply(term, gf_multiply(other, gf_inverse(other ^ x)))
            total ^= term
        secret += total.to_bytes(16, "little")
    return secret


# --- Merkle tree (RFC 6962, section 2.1) ---


def merkle_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + merkle_root(leaves[:split]) + merkle_root(leaves[split:]))


def merkle_path(leaves, index):
    if len(leaves) <= 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return merkle_path(leaves[:split], index) + [merkle_root(leaves[split:])]
    return merkle_path(leaves[split:], index - split) + [merkle_root(leaves[:split])]


def merkle_verify(leaf, index, size, path, root):
    """RFC 9162, section 2.1.3.2: another algorithm than `merkle_path`, so that each checks the other."""
    fn, sn, node = index, size - 1, sha256(b"\0" + leaf)
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = sha256(b"\1" + sibling + node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\1" + node + sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root


# --- bytes for the tests ---


class Tape:
    """Test bytes: SHA-256(seed ‖ label ‖ u64 counter), block after block. `used` is what was drawn so far."""

    def __init__(self, seed, label):
        self.prefix, self.counter, self.buffer, self.used = f"{seed}/{label}/".encode(), 0, b"", b""

    def draw(self, length):
        while len(self.buffer) < length:
            self.buffer += sha256(self.prefix + self.counter.to_bytes(8, "big"))
            self.counter += 1
        out, self.buffer = self.buffer[:length], self.buffer[length:]
        self.used += out
        return out

    def scalar(self):
        return int.from_bytes(self.draw(40), "big") % (N - 1) + 1
