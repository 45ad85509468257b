"""Section 7.5: who is whose neighbour."""

import itertools
import math
import struct

from .base import H, keystream


def sparse_numbers(n, c, permille):
    """(k, t_shares, q), or None if the graph is complete."""
    d = -(-n * permille // 1000)
    if c + d >= n:
        return None

    def ways(marked, total, m, counts):
        """How many of the comb(total, m) draws of m have a number of marked ones in `counts`."""
        return sum(math.comb(marked, i) * math.comb(total - marked, m - i) for i in counts if 0 <= i <= m)

    for k in range(2, n - 1, 2):
        pairs, draws, rest = n * (n - k - 1), math.comb(n, k), math.comb(n - 1, k)   # pairs: twice the number of pairs
        if pairs * math.comb(c + d, k) << 60 > draws:
            continue
        t = next(t for t in range(2, k + 2) if n * ways(c, n - 1, k, range(t, k + 1)) << 61 <= rest)
        if n * ways(n - 1 - d, n - 1, k, range(t)) << 30 > rest:
            continue
        q = next(q for q in range(1, k + 2) if pairs * ways(c, n, k, range(q, k + 1)) << 60 <= draws)
        if pairs * ways(n - d, n, k, range(q)) << 30 <= draws:
            return k, t, q
    return None


def ring_order(members, context1):
    a = list(members)
    key, size = H("graph", context1)[:16], 4096
    words = iter(struct.iter_unpack("<I", keystream(key, size)))
    for i in range(len(a) - 1, 0, -1):
        limit = 2**32 // (i + 1) * (i + 1)
        while True:
            word = next(words, None)
            if word is None:
                words = iter(struct.iter_unpack("<I", keystream(key, 2 * size)[size:]))
                size *= 2
            elif word[0] < limit:
                break
        a[i], a[word[0] % (i + 1)] = a[word[0] % (i + 1)], a[i]
    return a


class Graph:
    """Who is whose neighbour among U1."""

    def __init__(self, members, numbers, context1):
        self.q = None
        if numbers is None:
            everybody = set(members)
            self.neighbours = {u: everybody - {u} for u in members}
            return
        k, _, self.q = numbers
        ring = ring_order(members, context1)
        self.neighbours = {u: set() for u in members}
        self.successors = {u: [ring[(i + j) % len(ring)] for j in range(1, k // 2 + 1)] for i, u in enumerate(ring)}
        for u, successors in self.successors.items():
            for v in successors:
                self.neighbours[u].add(v)
                self.neighbours[v].add(u)

    def keeps_rule(self, survivors):
        """The neighbourhood rule of a sparse graph."""
        if self.q is None:
            return True
        bit = {u: 1 << i for i, u in enumerate(survivors)}
        held = {u: sum(bit.get(v, 0) for v in self.successors[u]) for u in survivors}
        return all(v in self.neighbours[u] or (held[u] | held[v]).bit_count() >= self.q for u, v in itertools.combinations(survivors, 2))
