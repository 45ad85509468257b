"""Intervals of what is not linear in the totals, by drawing the noise anew (docs/privacy.md, "Intervals").

The generator is seeded by the totals, so that everybody who reads the same totals draws the same noise. It hides nothing.
"""

import math
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator

MASK = (1 << 64) - 1
METHOD_FAILS = "the noise is too large for it"
NONE = math.nan


def xoshiro(seed: int) -> Callable[[], float]:
    """Uniform numbers in [0, 1): xoshiro256** of D. Blackman and S. Vigna, filled by splitmix64."""
    state = []
    for _ in range(4):
        seed = seed + 0x9E3779B97F4A7C15 & MASK
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        state.append(z ^ z >> 31)
    a, b, c, d = state

    def draw() -> float:
        nonlocal a, b, c, d
        x = b * 5 & MASK
        x = (x << 7 | x >> 57) * 9 & MASK
        t = b << 17 & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = (d << 45 | d >> 19) & MASK
        return (x >> 11) * (1.0 / (1 << 53))
    return draw


def gamma(draw: Callable[[], float], shape: float, rate: float) -> float:
    """A gamma variable (G. Marsaglia, W. Tsang, ACM Transactions on Mathematical Software 26, 2000)."""
    fix = 1.0
    if shape < 1:
        fix = draw() ** (1 / shape)
        shape += 1
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        v = 0.0
        while v <= 0:
            # A normal variable by the polar method.
            r = 0.0
            while r >= 1 or r == 0:
                p, q = 2 * draw() - 1, 2 * draw() - 1
                r = p * p + q * q
            x = p * math.sqrt(-2 * math.log(r) / r)
            v = 1 + c * x
        v, u, x = v * v * v, draw(), x * x
        if u < 1 - 0.0331 * x * x or u > 0 and math.log(u) < 0.5 * x + d * (1 - v + math.log(v)):
            return fix * d * v / rate


def poisson(draw: Callable[[], float], mean: float) -> int:
    """A Poisson variable: by products (Knuth), or where that is long by rejection (A. Atkinson, Applied Statistics 28, 1979, PA)."""
    if mean < 30:
        limit, count, product = math.exp(-mean), 0, draw()
        while product >= limit:
            count, product = count + 1, product * draw()
        return count
    c, beta = 0.767 - 3.36 / mean, math.pi / math.sqrt(3 * mean)
    alpha, k = beta * mean, math.log(c) - mean - math.log(beta)
    while True:
        u = draw()
        x = (alpha - math.log((1 - u) / u)) / beta if u > 0 else -1.0
        n = math.floor(x + 0.5)
        if n < 0:
            continue
        v, y = draw(), alpha - beta * x
        if v > 0 and y < 700 and y + math.log(v) - 2 * math.log1p(math.exp(y)) <= k + n * math.log(mean) - math.lgamma(n + 1):
            return n


class Drawn:
    """The sum of so many draws of noise: the difference of two negative binomials, from a table, or of gamma variables where that would be long."""

    def __init__(self, scale: float, draws: float):
        self.scale, self.draws, self.table = scale, draws, None
        if draws > 0 and scale < 30 and scale * draws < 5000:
            ratio, total, k = math.exp(-1 / scale), 0.0, 0
            log, self.table = draws * math.log(1 - ratio), []
            while True:
                part = math.exp(log)
                total += part
                self.table.append(total)
                following = (k + draws) / (k + 1) * ratio
                if following < 1 and part / (1 - following) < 1e-13:
                    break
                log += math.log(following)
                k += 1

    def next(self, draw: Callable[[], float]) -> float:
        """The next one."""
        if self.draws == 0:
            return 0.0
        table = self.table
        if table is not None:
            last = len(table) - 1
            first = min(bisect_right(table, draw()), last)
            return first - min(bisect_right(table, draw()), last)
        if self.scale >= 30:
            first = gamma(draw, self.draws, 1 / self.scale)
            return float(round(first - gamma(draw, self.draws, 1 / self.scale)))
        odds = math.exp(1 / self.scale) - 1

        def count() -> int:
            mean = gamma(draw, self.draws, odds)
            return poisson(draw, mean) if mean > 0 else 0
        first = count()
        return float(first - count())


class Simulation:
    """Functions of the cells of some scopes, at the totals less noise that is drawn anew."""

    def __init__(self, scopes: list, alpha: float):
        self.scopes, self.alpha = scopes, alpha
        self.count = math.ceil(min(max(20 / alpha, 2000), 20000))
        self.totals = [list(scope.cells) for scope in scopes]

    def intervals(self, statistics: Callable[[list], list]) -> list:
        """(value, low, high) of each number of a function; None where the totals determine none."""
        values = statistics(self.totals)
        drawn: list = [[] for _ in values]
        for cells in self._draw():
            for found, number in zip(drawn, statistics(cells)):
                if math.isfinite(number):
                    found.append(number)
        return [self._interval(value, found) if math.isfinite(value) else None for value, found in zip(values, drawn)]

    def length(self, vector: Callable[[list], list]) -> tuple | None:
        """The interval of a vector's length, by how far the noise moves the vector."""
        length = math.sqrt(sum(x * x for x in vector(self.totals)))
        most = self.reach(vector, math.dist) if math.isfinite(length) else None
        return None if most is None else (length, max(0.0, length - most), length + most)

    def reach(self, point: Callable[[list], list], distance: Callable[[list, list], float]) -> float | None:
        """How far the noise moves a point, but for a share of alpha."""
        centre = point(self.totals)
        if not all(map(math.isfinite, centre)):
            return None
        moved = []
        for cells in self._draw():
            drawn = point(cells)
            if len(drawn) == len(centre) and all(map(math.isfinite, drawn)):
                moved.append(distance(drawn, centre))
        return _upper(sorted(moved), self.alpha) if len(moved) >= 0.95 * self.count else None

    def _interval(self, value: float, found: list) -> tuple | None:
        if len(found) < 0.95 * self.count:
            return None
        found.sort()
        high = _upper(found, self.alpha / 2)
        low = -_upper([-x for x in reversed(found)], self.alpha / 2)
        return value, min(value, low), max(value, high)

    def _draw(self) -> Iterator[list]:
        """The totals less noise. What one scope's statistics drew is kept for the next ones."""
        kept = self.scopes[0].drawn
        key = tuple(id(scope) for scope in self.scopes), self.count
        if key not in kept:
            kept.clear()
            kept[key] = list(self._fresh())
        return iter(kept[key])

    def _fresh(self) -> Iterator[list]:
        kinds: dict = {}
        noises = []
        for scope in self.scopes:
            for cell in scope.block.cells:
                key = cell.noise.size, scope.draws
                if key not in kinds:
                    kinds[key] = Drawn(*key)
            noises.append([kinds[cell.noise.size, scope.draws] for cell in scope.block.cells])
        draw = xoshiro(self._seed())
        for _ in range(self.count):
            yield [[total - noise.next(draw) for total, noise in zip(totals, row)] for totals, row in zip(self.totals, noises)]

    def _seed(self) -> int:
        bits = 0
        for total in (t for totals in self.totals for t in totals):
            bits = (bits << 11 | bits >> 53) & MASK ^ struct.unpack("<Q", struct.pack("<d", total))[0]
        return (bits ^ bits >> 32) & 0x7FFFFFFF


def _upper(found: list, share: float) -> float:
    """What a share of sorted numbers exceeds; beyond the last ones by the mean excess over a high threshold."""
    above = share * len(found)
    if above >= 9.5:
        return found[-round(above)]
    many = len(found) // 40
    threshold = found[-(many + 1)]
    return threshold + sum(x - threshold for x in found[-many:]) / many * math.log(many / above)
