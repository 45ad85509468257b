"""Quantiles from noised ranks: a bin is ruled out only if the rows up to its end, or to its start, are on the wrong side by more than their noise."""

import itertools
import math

from ..analysis import DATE, INTEGER, shortest
from .layout import Block
from .scope import Scope, Statistic

ALMOST = 1e-12


def rising(values: list) -> list:
    """The nearest sequence that never falls (pool adjacent violators)."""
    pools: list = []
    for value in values:
        many = 1
        while pools and pools[-1][0] > value:
            before, count = pools.pop()
            value, many = (before * count + value * many) / (count + many), count + many
        pools.append((value, many))
    return [value for value, many in pools for _ in range(many)]


def falling(values: list) -> list:
    """The nearest sequence that never rises."""
    return rising(values[::-1])[::-1]


def release(block: Block, scope: Scope) -> list:
    """All quantiles of a column in one group."""
    ranks = _Ranks(block, scope)
    return [statistic for measure in block.measures for statistic in ranks.release(measure)]


class _Ranks:
    def __init__(self, block: Block, scope: Scope):
        self.block, self.scope, more = block, scope, block.more
        self.leaves, self.stretch, cells = more["leaves"], more["stretch"], scope.cells
        count = self.count = len(self.leaves) - 1
        stretches = len(block.cells) - count
        self.ranks = []         # rows before and beyond each edge, and of how many cells they are the sums
        prefix = [0.0, *itertools.accumulate(cells[:count])]
        above = [0.0, *itertools.accumulate(cells[count:])]
        for bins in range(1, count + 1):
            if not stretches:
                self.ranks.append((prefix[bins], prefix[count] - prefix[bins], bins, count - bins))
                continue
            full = stretches if bins == count else bins // self.stretch
            start = min(full * self.stretch, bins)
            following = -(-bins // self.stretch)
            end = max(bins, min(count, following * self.stretch))
            self.ranks.append((above[full] + prefix[bins] - prefix[start], prefix[end] - prefix[bins] + above[stretches] - above[following],
                               full + bins - start, end - bins + stretches - following))
        self.rows = self.ranks[-1][0]
        sums = [self.rows * before / (before + beyond) if before + beyond > 0 else before for before, beyond, _, _ in self.ranks]
        self.cumulative = list(itertools.accumulate(b - a for a, b in zip([0.0, *sums], sums)))
        if scope.monotone:
            self.cumulative = [max(0.0, s) for s in rising(self.cumulative)]

    def release(self, measure: dict) -> list:
        scope, unit, at = self.scope, self.block.column.get("unit", ""), measure["at"]
        count = scope.bare(measure, "", "n")
        bare = [scope.bare(measure, f"[q{shortest(q)}]", "", unit) for q in at]
        quartiles = scope.bare(measure, "", "iqr", unit) if 0.25 in at and 0.75 in at else None
        if scope.too_few(self.rows):
            return [scope.withhold(b) for b in [count, *bare, *([quartiles] if quartiles else [])]]
        half = scope.noise((0, 1.0, self.ranks[-1][2])).half_width(scope.alpha)
        out = [count.told(self.rows, self.rows - half, self.rows + half)]
        for b, found in zip(bare, self.find(at, scope.alpha)):
            out.append(b.told(*found) if found else b.undetermined("it may lie beyond the edges, where the column has no bound"))
        if quartiles:
            out.append(self.between(quartiles))
        return out

    def between(self, bare: Statistic) -> Statistic:
        """The distance of the quartiles, from intervals of both at half of alpha."""
        lower, upper = self.find([0.25, 0.75], self.scope.alpha / 2)
        if not lower or not upper:
            return bare.undetermined("a quartile may lie beyond the edges, where the column has no bound")
        return bare.told(upper[0] - lower[0], max(0.0, upper[1] - lower[2]), upper[2] - lower[1])

    def find(self, at: list, alpha: float) -> list:
        """(value, low, high) of each; None where it may be where there is no edge. Neither values nor ends fall as q rises."""
        hulls = [self.hull(q, alpha) for q in at]
        firsts, lasts = [h[1] for h in hulls], list(itertools.accumulate((h[2] for h in hulls), max))
        firsts = list(itertools.accumulate(reversed(firsts), min))[::-1]
        return [self.estimate(q, hull[0], first, last) for q, hull, first, last in zip(at, hulls, firsts, lasts)]

    def hull(self, q: float, alpha: float) -> tuple:
        value, first, last = self.bin(q), 0, self.count - 1
        if value < 0:
            return value, first, last
        while first < value and not self.may_hold(first, q, alpha):
            first += 1
        while last > value and not self.may_hold(last, q, alpha):
            last -= 1
        return value, first, last

    def bin(self, q: float) -> int:
        """The first bin with at least a share q of the rows up to its end; -1 if there are too few."""
        if not self.cumulative[-1] >= 1:
            return -1
        wanted = self.cumulative[-1] * (q - ALMOST)
        return next((i for i, c in enumerate(self.cumulative) if c >= wanted and c > 0), self.count - 1)

    def estimate(self, q: float, at: int, first: int, last: int) -> tuple | None:
        low, high = self.only(first), self.only(last)
        low, high = self.leaves[first] if low is None else low, self.leaves[last + 1] if high is None else high
        if at < 0 or not math.isfinite(low) or not math.isfinite(high):
            return None
        if (only := self.only(at)) is not None:
            return only, low, high
        before = self.cumulative[at - 1] if at else 0.0
        inside = self.cumulative[at] - before
        share = min(max((q * self.cumulative[-1] - before) / inside, 0.0), 1.0) if inside > 0 else 0.0
        value = self.leaves[at] + share * (self.leaves[at + 1] - self.leaves[at])
        return (value, low, high) if math.isfinite(value) else None

    def may_hold(self, at: int, q: float, alpha: float) -> bool:
        def balance(i: int) -> float:
            return (1 - q) * self.ranks[i][0] - q * self.ranks[i][1]
        if at < self.count - 1 and balance(at) < 0 and self.beyond_noise(at, q, alpha, -balance(at)):
            return False
        return at == 0 or balance(at - 1) < 0 or not self.beyond_noise(at - 1, q, alpha, balance(at - 1))

    def beyond_noise(self, at: int, q: float, alpha: float, size: float) -> bool:
        """Whether noise alone would be so far from 0 with a probability of at most alpha."""
        _, _, before, beyond = self.ranks[at]
        noise = self.scope.noise((0, 1 - q, before), (0, q, beyond))
        if noise.deviation <= math.sqrt(alpha) * size:
            return True
        known, key = self.block.more["half_widths"], (before, beyond, q, self.scope.draws, alpha)
        if key not in known:
            known[key] = noise.half_width(alpha)
        return size > known[key] + 1e-6

    def only(self, leaf: int) -> float | None:
        """The one value that a bin can hold, where the column's steps leave only one."""
        column, edges = self.block.column, self.block.more["edges"]
        at = leaf - self.block.more["below"]
        step = column.get("resolution") or (1.0 if column["type"] in (INTEGER, DATE) else None)
        if step is None or at < 0 or at > len(edges) - 2:
            return None
        anchor = column.get("low") or 0.0
        first = anchor + step * math.ceil((edges[at] - anchor) / step - 1e-9)
        closed = at == len(edges) - 2 and not (column.get("high") is not None and column["high"] < edges[-1])
        end = edges[at + 1] + (1e-9 if closed else -1e-9) * step
        return first if first < end <= first + step else None
