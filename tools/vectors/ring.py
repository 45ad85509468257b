#!/usr/bin/env python3
"""Writes ring.json: vectors for labelled hashes, HKDF labels, packed ring elements and mask streams, from the definitions alone.

Labelled hash: SHA-256(u16 length, label, then for each field u32 length, field), big-endian, labels "secagg/v1/...".
HKDF (RFC 5869): info = label, context. Packing: element i of b bits occupies bits i*b ... of one little-endian integer.
Mask: AES-128 over 16-byte big-endian counters from 0; element i is the little-endian lane i, of 16, 32 or 64 bits, modulo 2^b.

Standard library only (AES is written out below); nothing is shared with the C# code.
Run: python3 tools/vectors/ring.py > tools/vectors/ring.json
"""
import hashlib
import hmac
import json


def labelled_hash(purpose: str, fields: list[bytes]) -> str:
    label = b"secagg/v1/" + purpose.encode()
    data = len(label).to_bytes(2, "big") + label
    for field in fields:
        data += len(field).to_bytes(4, "big") + field
    return hashlib.sha256(data).hexdigest()


def expand(prk: bytes, purpose: str, context: bytes, length: int) -> bytes:
    info, output, block, counter = b"secagg/v1/" + purpose.encode() + context, b"", b"", 1
    while len(output) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        output, counter = output + block, counter + 1
    return output[:length]


def gmul(a: int, b: int) -> int:
    result = 0
    while b:
        if b & 1:
            result ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return result


def sbox(value: int) -> int:
    inverse = next((c for c in range(256) if gmul(value, c) == 1), 0)
    result = 0x63
    for turn in range(5):
        result ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
    return result


SBOX = [sbox(value) for value in range(256)]


def aes128(key: bytes, block: bytes) -> bytes:
    """FIPS 197, byte by byte."""
    words, rcon = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = [SBOX[v] for v in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = gmul(rcon, 2)
        words.append([a ^ b for a, b in zip(words[-4], word)])
    keys = [sum(words[4 * r:4 * r + 4], []) for r in range(11)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for r in range(1, 11):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if r < 10:
            columns = [state[i:i + 4] for i in range(0, 16, 4)]
            state = [gmul(c[i], 2) ^ gmul(c[(i + 1) % 4], 3) ^ c[(i + 2) % 4] ^ c[(i + 3) % 4] for c in columns for i in range(4)]
        state = [a ^ b for a, b in zip(state, keys[r])]
    return bytes(state)


assert aes128(bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


def mask(key: bytes, bits: int, length: int) -> list[int]:
    lane = 2 if bits <= 16 else 4 if bits <= 32 else 8
    blocks = -(-length * lane // 16)
    stream = b"".join(aes128(key, i.to_bytes(16, "big")) for i in range(blocks))
    return [int.from_bytes(stream[i * lane:i * lane + lane], "little") % 2**bits for i in range(length)]


def pack(values: list[int], bits: int) -> str:
    whole = sum(value << bits * i for i, value in enumerate(values))
    return whole.to_bytes(-(-bits * len(values) // 8), "little").hex()


def tape(name: str, length: int) -> bytes:
    return hashlib.shake_256(f"secagg/v1/vectors/ring/{name}".encode()).digest(length)


def hash_vectors() -> list[dict]:
    cases = [("round", []), ("round", [b""]), ("commit/b", [b"ab", b"c"]), ("commit/b", [b"a", b"bc"]), ("mask", [tape("hash", 300)])]
    return [{"purpose": p, "fields": [f.hex() for f in fields], "hash": labelled_hash(p, fields)} for p, fields in cases]


def expand_vectors() -> list[dict]:
    prk = tape("prk", 32)
    cases = [("pair-seed", tape("context", 32), 32), ("seal", tape("context", 32) + bytes(8), 16), ("mask", b"", 100)]
    return [{"prk": prk.hex(), "purpose": p, "info": i.hex(), "output": expand(prk, p, i, n).hex()} for p, i, n in cases]


def ring_vectors() -> list[dict]:
    result = []
    for bits, length in [(8, 3), (11, 9), (16, 17), (17, 8), (31, 5), (32, 12), (33, 7), (48, 1), (57, 9), (63, 13), (64, 5)]:
        coins = tape(f"elements/{bits}", 8 * length)
        values = [int.from_bytes(coins[8 * i:8 * i + 8], "big") % 2**bits for i in range(length)]
        key = tape(f"key/{bits}", 16)
        masked = [(v + m) % 2**bits for v, m in zip(values, mask(key, bits, length))]
        padding = -bits * length % 8
        result.append({
            "bits": bits, "elements": [str(v) for v in values], "packed": pack(values, bits), "key": key.hex(),
            "masked_packed": pack(masked, bits), "padding_bits": padding,
        })
    return result


if __name__ == "__main__":
    print(json.dumps({"suite": 1, "hash": hash_vectors(), "expand": expand_vectors(), "ring": ring_vectors()}, indent=2))
