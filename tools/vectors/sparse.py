"""The sparse graph of docs/protocol.md section 3: its numbers, the order of the ring, neighbours, and the neighbourhood rule."""

from fractions import Fraction
from math import comb

import primitives as p

SIGMA, ETA = 60, 30


def tail(population, marked, drawn, least):
    """P[at least `least` of `drawn` are marked], drawn without replacement."""
    ways = sum(comb(marked, i) * comb(population - marked, drawn - i) for i in range(max(least, 0), drawn + 1))
    return Fraction(ways, comb(population, drawn))


def least_rare(population, marked, drawn, events, bound):
    """The least x with events · P[at least x marked] ≤ bound: from above, until the sum is too large."""
    limit, ways = bound * comb(population, drawn) / events, 0
    for x in range(drawn, -1, -1):
        ways += comb(marked, x) * comb(population - marked, drawn - x)
        if ways > limit:
            return x + 1
    return 0


def degree_holds(n, c, d, k):
    """(t_shares, q) if all five conditions hold for this k, else None."""
    pairs, half_sigma = Fraction(n * (n - k - 1), 2), Fraction(1, 2 ** (SIGMA + 1))
    if pairs * tail(n, c + d, k, k) > half_sigma:
        return None
    t_shares = max(2, least_rare(n - 1, c, k, n, half_sigma))
    # Fewer than t_shares of k neighbours survive: at least k − t_shares + 1 of them are among the d that vanish.
    if n * tail(n - 1, d, k, k - t_shares + 1) > Fraction(1, 2**ETA):
        return None
    q = max(1, least_rare(n, c, k, pairs, half_sigma))
    if pairs * tail(n, d, k, k - q + 1) > Fraction(1, 2 ** (ETA + 1)):
        return None
    return t_shares, q


def parameters(n, c, dropout_permille):
    """(k, t_shares, q), or None for the complete graph."""
    d = -(-n * dropout_permille // 1000)
    if n <= 128 or c + d >= n:
        return None
    for k in range(2, n - 1, 2):
        found = degree_holds(n, c, d, k)
        if found:
            return k, *found
    return None


class Graph:
    def __init__(self, members, k, q, key):
        """`key` is H("graph", context1)."""
        self.k, self.q, self.ring = k, q, sorted(members)
        n, words, used = len(self.ring), b"", 0
        for i in range(n - 1, 0, -1):
            fair = 2**32 // (i + 1) * (i + 1)
            while True:
                if used == len(words):
                    words = p.ctr_stream(key[:16], 0, len(words) + 4096)
                word = int.from_bytes(words[used : used + 4], "little")
                used += 4
                if word < fair:
                    break
            j = word % (i + 1)
            self.ring[i], self.ring[j] = self.ring[j], self.ring[i]
        self.place = {party: i for i, party in enumerate(self.ring)}

    def successors(self, party):
        n, i = len(self.ring), self.place[party]
        return [self.ring[(i + step) % n] for step in range(1, self.k // 2 + 1)]

    def neighbours(self, party):
        n, i = len(self.ring), self.place[party]
        before = [self.ring[(i - step) % n] for step in range(1, self.k // 2 + 1)]
        return sorted(self.successors(party) + before)

    def keeps_rule(self, survivors):
        survivors = set(survivors)
        held = {u: len(survivors.intersection(self.successors(u))) for u in survivors}
        return all(held[u] + held[v] >= self.q or v in self.neighbours(u) for u in survivors for v in survivors if u < v and held[u] + held[v] < self.q)


# --- what is published of it ---

TABLE = [(n, c, permille) for n in (128, 129, 200, 333, 512, 1000, 1024) for c in (0, 2, n // 20, n // 3) for permille in (20, 100, 300)]


def table():
    """k, t_shares and q for many rounds; null is the complete graph."""
    rows = []
    for n, c, permille in TABLE:
        k, t_shares, q = parameters(n, c, permille) or (None, None, None)
        rows.append({"parties": n, "c": c, "dropout_permille": permille, "k": k, "t_shares": t_shares, "q": q})
    return rows


def rings(h):
    """Rings with their neighbours, and survivor sets that keep the rule or break it."""
    out = []
    for n, k, q, stride in ((129, 4, 2, 1), (132, 18, 3, 1), (200, 62, 57, 3), (1024, 158, 111, 1)):
        context1 = p.sha256(f"ring of {n}".encode())
        members = [stride * i + stride - 1 for i in range(n)]
        graph = Graph(members, k, q, h("graph", context1))
        holes = [[], graph.ring[: k // 2], graph.ring[n // 4 : n // 4 + k // 2] + graph.ring[3 * n // 4 : 3 * n // 4 + k // 2]]
        holes += [graph.ring[k : k + k // 2] + graph.ring[n // 2 : n // 2 + k // 2 + step] for step in range(-k // 2 + 1, 1, max(1, k // 6))]
        tape = p.Tape("ring", str(n))
        holes += [[party for party in graph.ring if tape.draw(1)[0] < most] for most in (26, 64, 96, 128)]
        out.append(
            {
                "parties": members,
                "k": k,
                "q": q,
                "context1": context1.hex(),
                "ring": graph.ring,
                "neighbours": [{"party": u, "of": graph.neighbours(u)} for u in (members[0], members[n // 2], members[-1])],
                "rule": [{"missing": sorted(hole), "kept": graph.keeps_rule(set(members) - set(hole))} for hole in holes],
            }
        )
    return out
