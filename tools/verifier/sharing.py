"""Section 7.4: Shamir's sharing over GF(2^128), and what is sealed."""

import functools

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def multiply(a, b):
    product = 0
    while b:
        low = b & -b
        product ^= a * low
        b ^= low
    while product >> 128:
        high = product >> 128
        product = product & (1 << 128) - 1 ^ high ^ high << 1 ^ high << 2 ^ high << 7
    return product


def inverse(a):
    result = 1
    for _ in range(127):        # a^(2^128 - 2)
        a = multiply(a, a)
        result = multiply(result, a)
    return result


@functools.lru_cache(maxsize=64)
def factors(xs):
    """What each share counts for: the same for all secrets that the same parties hold."""
    result = []
    for x in xs:
        above = below = 1
        for other in xs:
            if other != x:
                above, below = multiply(above, other), multiply(below, x ^ other)
        result.append(multiply(above, inverse(below)))
    return result


def combine(shares):
    """The secret of (holder, 32-byte share)."""
    halves = [0, 0]
    for factor, (_, share) in zip(factors(tuple(holder + 1 for holder, _ in shares)), shares):
        for half in (0, 1):
            halves[half] ^= multiply(int.from_bytes(share[16 * half:16 * half + 16], "little"), factor)
    return b"".join(half.to_bytes(16, "little") for half in halves)


def opened(key, data, associated):
    try:
        return AESGCM(key).decrypt(bytes(12), data, associated)
    except InvalidTag:
        return None
