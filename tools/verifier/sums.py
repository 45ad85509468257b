"""Section 9: vectors, masks and their sum."""

from .base import expand, keystream, u32


def packed_size(bits, length):
    return -(-bits * length // 8)


def is_padded(data, bits, length):
    return bits * length % 8 == 0 or data[-1] >> bits * length % 8 == 0


def repeat(value, stride, count):
    """`value` at every `stride`th bit, at least `count` times, as one integer."""
    unit = 1 if stride % 8 == 0 else 8
    block = sum(value << i * stride for i in range(unit))
    return int.from_bytes(block.to_bytes(unit * stride // 8, "little") * -(-count // unit), "little")


class Lanes:
    """A sum, modulo 2^bits, of vectors whose elements stand `width` bits apart. A vector is one integer, and all its elements are added at
    once: the even and the odd elements apart, so that each has its neighbour's place for what it carries over."""

    def __init__(self, bits, length, width):
        self.width, self.mask, self.even, self.odd, self.room = width, repeat(2**bits - 1, 2 * width, (length + 1) // 2), 0, 0, 0

    def add(self, data):
        number = int.from_bytes(data, "little")
        if self.room == 0:      # width is 8 or more: 255 elements fit
            self.even, self.odd, self.room = self.even & self.mask, self.odd & self.mask, 254
        self.even += number & self.mask
        self.odd += number >> self.width & self.mask
        self.room -= 1

    def sum(self):
        return self.even & self.mask | (self.odd & self.mask) << self.width


def packed(lanes, bits, length):
    """The sum of lanes, its elements `bits` apart as in a vector on the wire: pairs move together, then pairs of pairs."""
    number, wide, narrow, count = lanes.sum(), lanes.width, bits, length
    while count > 1 and wide > narrow:
        mask = repeat(2**narrow - 1, 2 * wide, (count + 1) // 2)
        number = number & mask | (number >> wide & mask) << narrow
        wide, narrow, count = 2 * wide, 2 * narrow, (count + 1) // 2
    return number.to_bytes(packed_size(bits, length), "little")


class Sum:
    """Holds both sides of: vectors + masks that were subtracted = total + masks that were added."""

    def __init__(self, bits, length, context2):
        self.bits, self.length, self.context2 = bits, length, context2
        self.vectors = Lanes(bits, length, bits)
        self.lane = next(size for size in (2, 4, 8) if 8 * size >= bits)
        self.masks = {True: Lanes(bits, length, 8 * self.lane), False: Lanes(bits, length, 8 * self.lane)}

    def unmask(self, seed, added):
        self.masks[added].add(keystream(expand(seed, "mask", self.context2 + u32(0), 16), self.lane * self.length))

    def is_total(self, total):
        right = Lanes(self.bits, self.length, self.bits)
        right.add(total)
        right.add(packed(self.masks[True], self.bits, self.length))
        self.vectors.add(packed(self.masks[False], self.bits, self.length))
        return self.vectors.sum() == right.sum()
