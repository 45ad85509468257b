#!/usr/bin/env python3
"""Writes shamir.json: vectors for GF(2^128) and for Shamir sharing of 32-byte secrets, from the definitions alone.

Field: GF(2)[x] / (x^128 + x^7 + x^2 + x + 1); bit j of byte i is the coefficient of x^(8i + j), so that 16 bytes are the
polynomial that int.from_bytes(..., "little") spells in binary. A secret is two blocks; for each block the tape gives
threshold - 1 coefficients a_1, a_2, ... of 16 bytes, first those of block 0, then those of block 1. The holder with roster
index h gets both polynomials' values at the field element of the integer h + 1.

Standard library only; nothing is shared with the C# code. Run: python3 tools/vectors/shamir.py > tools/vectors/shamir.json
"""
import hashlib
import json

POLYNOMIAL = (1 << 128) | 0b10000111


def element(data: bytes) -> int:
    return int.from_bytes(data, "little")


def encode(value: int) -> str:
    return value.to_bytes(16, "little").hex()


def multiply(a: int, b: int) -> int:
    """School multiplication without carries, then division by the polynomial, one bit at a time."""
    product = 0
    for i in range(128):
        if b >> i & 1:
            product ^= a << i
    for i in range(product.bit_length() - 1, 127, -1):
        if product >> i & 1:
            product ^= POLYNOMIAL << (i - 128)
    return product


def divide(a: int, b: int) -> tuple[int, int]:
    quotient = 0
    while a.bit_length() >= b.bit_length():
        shift = a.bit_length() - b.bit_length()
        quotient ^= 1 << shift
        a ^= b << shift
    return quotient, a


def invert(a: int) -> int:
    """Extended Euclid over GF(2)[x] (the C# code raises to a power instead)."""
    r0, r1, s0, s1 = POLYNOMIAL, a, 0, 1
    while r1 != 1:
        quotient, rest = divide(r0, r1)
        product = 0
        for i in range(quotient.bit_length()):
            if quotient >> i & 1:
                product ^= s1 << i
        r0, r1, s0, s1 = r1, rest, s1, s0 ^ product
    return divide(s1, POLYNOMIAL)[1]


def tape(name: str, length: int) -> bytes:
    return hashlib.shake_256(f"secagg/v1/vectors/shamir/{name}".encode()).digest(length)


def split(secret: bytes, threshold: int, holders: list[int], coins: bytes) -> list[str]:
    per_block = (threshold - 1) * 16
    shares = []
    for holder in holders:
        share = ""
        for block in range(2):
            own = coins[block * per_block:(block + 1) * per_block]
            value, power = element(secret[16 * block:16 * block + 16]), 1
            for i in range(threshold - 1):
                power = multiply(power, holder + 1)
                value ^= multiply(element(own[16 * i:16 * i + 16]), power)
            share += encode(value)
        shares.append(share)
    return shares


def combine(holders: list[int], shares: list[str]) -> str:
    secret = ""
    for block in range(2):
        value = 0
        for i, holder in enumerate(holders):
            weight = 1
            for j, other in enumerate(holders):
                if i != j:
                    weight = multiply(weight, multiply(other + 1, invert((holder + 1) ^ (other + 1))))
            value ^= multiply(weight, element(bytes.fromhex(shares[i])[16 * block:16 * block + 16]))
        secret += encode(value)
    return secret


def field_vectors() -> list[dict]:
    one, x, top = 1, 2, 1 << 127
    pairs = [(one, one), (x, top), (top, top), ((1 << 128) - 1, (1 << 128) - 1)]
    for i in range(8):
        coins = tape(f"field/{i}", 32)
        pairs.append((element(coins[:16]), element(coins[16:])))
    return [{"a": encode(a), "b": encode(b), "product": encode(multiply(a, b)), "inverse_of_a": encode(invert(a))} for a, b in pairs]


def sharing_vectors() -> list[dict]:
    cases = [
        ("two of two", 2, [0, 1], bytes(range(32))),
        ("two of three, zero secret", 2, [0, 1, 2], bytes(32)),
        ("three of five", 3, [0, 1, 2, 3, 4], tape("secret/3", 32)),
        ("three of three, holders out of order and far apart", 3, [4294967295, 0, 65535], b"\xff" * 32),
        ("seven of ten", 7, list(range(10)), tape("secret/7", 32)),
        ("thirty-four of fifty", 34, list(range(50)), tape("secret/34", 32)),
    ]
    result = []
    for name, threshold, holders, secret in cases:
        coins = tape(f"coins/{name}", 2 * 16 * (threshold - 1))
        shares = split(secret, threshold, holders, coins)
        assert combine(holders[-threshold:], shares[-threshold:]) == secret.hex(), name
        # One share changed in one bit: the result is wrong, and this wrong.
        bad = bytearray.fromhex(shares[-1])
        bad[0] ^= 1
        wrong = combine(holders[-threshold:], shares[-threshold:-1] + [bad.hex()])
        result.append({
            "name": name, "threshold": threshold, "holders": holders, "secret": secret.hex(), "tape": coins.hex(),
            "shares": shares, "combined_with_bit_0_of_last_share_flipped": wrong,
        })
    return result


if __name__ == "__main__":
    print(json.dumps({"suite": 1, "field": field_vectors(), "sharing": sharing_vectors()}, indent=2))
