"""Counts, sums, means, variances, and columns compared between groups: from n, the sum of z and the centred squares, by inverting tests."""

import math
from dataclasses import dataclass

from ..analysis import KINDS
from . import tails
from .layout import Block
from .noise import edge
from .scope import Scope, Statistic

Range = tuple[float, float, float]      # value, low, high


class Moments:
    """Intervals that cover at least as often as stated: a candidate belongs if the noise that would explain the totals is within its half width."""

    def __init__(self, block: Block, scope: Scope, alpha: float):
        self.scope, self.alpha, self.q = scope, alpha, block.more.get("quantiser")
        self.n = scope.cells[0]
        self._variance: Range | None = None

    def sum(self) -> Range:
        """One linear combination."""
        q = self.q
        value = q.unit * self.scope.cells[1] + q.middle * self.n
        half = self._half(self.alpha, q.middle, q.unit, 0)
        return value, value - half, value + half

    def mean(self) -> Range:
        """Fieller: the m for which the sum less m·n is no further from 0 than its noise."""
        value, low, high = self._mean_of_z(self.alpha)
        return tuple(self.q.middle + self.q.unit * z for z in (value, low, high))

    def variance(self) -> Range:
        """The sample variance (n - 1)."""
        self._variance = self._variance or self._variance_of_z()
        return tuple(self.q.unit**2 * v for v in self._variance)

    def sd(self) -> Range:
        """Its root."""
        return tuple(math.sqrt(v) for v in self.variance())

    def _half(self, level: float, n: float, z: float, squares: float) -> float:
        if self.scope.draws == 0:
            return 0.0
        return self.scope.noise((0, n), (1, z), *([(2, squares)] if squares else [])).half_width(level)

    def _mean_of_z(self, level: float) -> Range:
        most, n = float(self.q.steps), self.n
        if n <= 0:
            return 0.0, -most, most
        z = min(max(self.scope.cells[1], -most * n), most * n)
        mean = z / n
        return (mean, edge(lambda m: z - m * n - self._half(level, -m, 1, 0), mean, -most, n),
                edge(lambda m: m * n - z - self._half(level, -m, 1, 0), mean, most, n))

    def _variance_of_z(self) -> Range:
        """The sum of squares around a known mean is linear in the totals; the mean is known up to its own interval, in whose middle that sum is least."""
        q, n, total = self.q, self.n, self.scope.cells[1]
        square = float(q.steps) * q.steps
        if n <= 1:
            return 0.0, 0.0, 2 * square
        fewest = max(2.0, n - self._half(1e-9, 1, 0, 0))
        most = square * fewest / (fewest - 1)
        half = q.divisor / 2
        centre = half * q.most_square
        squares = half * self.scope.cells[2] + centre * n
        low, high, level = most, 0.0, self.alpha * 0.9
        for m in self._mean_of_z(self.alpha * 0.1):
            around = min(max(squares - 2 * m * total + m * m * n, 0.0), most * (n - 1))
            middle = around / (n - 1)

            def noise(v: float, m: float = m) -> float:
                return self._half(level, centre + m * m - v, -2 * m, half)
            low = min(low, edge(lambda v, a=around, f=noise: a - v * (n - 1) - f(v), middle, 0.0, n - 1))
            high = max(high, edge(lambda v, a=around, f=noise: v * (n - 1) - a - f(v), middle, most, n - 1))
        value = (squares - total * total / n) / (n - 1)
        return min(max(value, 0.0), most), low, high


def release(block: Block, scope: Scope) -> list:
    """The statistics of a column in one group."""
    name, unit = block.column["name"], block.column.get("unit", "")
    out = [scope.counted(scope.bare(f"count({name})"), 0)]
    moments = Moments(block, scope, scope.alpha)
    for measure in block.measures:
        word = KINDS[measure["kind"] - 1]
        asked = {"count": [], "compare": [("mean", "mean", unit), ("sd", "sd", unit)],
                 "variance": [("variance", "", f"({unit})²" if unit else "")]}.get(word, [(word, "", unit)])
        for what, quantity, shown in asked:
            bare = scope.bare(measure, "", quantity, shown)
            out.append(scope.withhold(bare) if scope.too_few(scope.cells[0]) else bare.told(*getattr(moments, what)()))
    return out


@dataclass
class Box:
    """What a group's rows, mean and variance can be, and why nothing can be said."""

    n: Range
    mean: Range = (0.0, 0.0, 0.0)
    variance: Range = (0.0, 0.0, 0.0)
    why: str | None = None

    @classmethod
    def of(cls, block: Block, scope: Scope, alpha: float) -> "Box":
        half, rows, q = scope.half_width(0, alpha), scope.cells[0], block.more["quantiser"]
        n = rows, rows - half, rows + half
        if n[1] < 2:
            return cls(n, why=f"the rows of {scope.group} are within their noise of 0")
        moments = Moments(block, scope, alpha)
        mean, variance = moments.mean(), moments.variance()
        why = f"the mean of {scope.group} may be anything within the bounds" if mean[1] <= q.low and mean[2] >= q.high else (
            f"the variance of {scope.group} is within its noise of 0" if variance[1] <= 0 else None)
        return cls(n, mean, variance, why)


def pooled(boxes: list, greatest: bool) -> float:
    """The greatest, or least, mean of the variances in proportion to n - 1: the extreme ones get the most rows."""
    at = 2 if greatest else 1
    order = sorted(boxes, key=lambda b: -b.variance[at] if greatest else b.variance[at])
    means = []
    for many in range(len(order) + 1):
        weights = [(b.n[2] if i < many else b.n[1]) - 1 for i, b in enumerate(order)]
        means.append(sum(w * b.variance[at] for w, b in zip(weights, order)) / sum(weights))
    return max(means) if greatest else min(means)


def compare(block: Block, groups: list) -> list:
    """A column compared between the groups of a question."""
    return [s for m in block.measures if KINDS[m["kind"] - 1] == "compare" for s in _Comparison(block, groups, m).statistics()]


class _Comparison:
    def __init__(self, block: Block, groups: list, measure: dict):
        self.block, self.groups = block, groups
        names = ["difference", "smd", "student t", "student df", "student p", "welch t", "welch df", "welch p"] if len(groups) == 2 else [
            "anova f", "anova df_between", "anova df_within", "anova p"]
        self.bare = {n: groups[0].between(measure, "", n, block.column.get("unit", "") if n == "difference" else "") for n in names}
        self.out: list[Statistic] = []

    def statistics(self) -> list:
        first = self.groups[0]
        if any(g.too_few(g.cells[0]) for g in self.groups):
            return [first.withhold(b) for b in self.bare.values()]
        boxes = [Box.of(self.block, g, first.alpha / (3 * len(self.groups))) for g in self.groups]
        why = next((b.why for b in boxes if b.why), None)
        names = list(self.bare)
        if len(boxes) == 2:
            a, b = (Moments(self.block, g, first.alpha / 2).mean() for g in self.groups)
            self.add("difference", a[0] - b[0], a[1] - b[2], a[2] - b[1])
            names = names[1:]
        if why:
            self.fail(names, why)
        elif len(boxes) == 2:
            self.two(*boxes)
        else:
            self.anova(boxes)
        return self.out

    def add(self, name: str, value: float, low: float, high: float) -> None:
        self.out.append(self.bare[name].told(value, low, high))

    def fail(self, names: list, why: str) -> None:
        self.out += [self.bare[name].undetermined(why) for name in names]

    def two(self, a: Box, b: Box) -> None:
        difference = a.mean[1] - b.mean[2], a.mean[2] - b.mean[1]
        between, spread = a.mean[0] - b.mean[0], (a.variance[0] + b.variance[0]) / 2
        if spread > 0:
            self.add("smd", between / math.sqrt(spread), *_quotient(difference, *(math.sqrt((a.variance[i] + b.variance[i]) / 2) for i in (1, 2))))
        else:
            self.fail(["smd"], "the groups' spread is within its noise of 0")
        n, m = a.n[0], b.n[0]
        square = [pooled([a, b], greatest) * (1 / a.n[at] + 1 / b.n[at]) for greatest, at in ((False, 2), (True, 1))]
        df = n + m - 2
        error = ((n - 1) * a.variance[0] + (m - 1) * b.variance[0]) / df * (1 / n + 1 / m) if df >= 1 else 0.0
        self.test("student", between, error, df, difference, square, (a.n[1] + b.n[1] - 2, a.n[2] + b.n[2] - 2))
        va, vb = a.variance[0] / n, b.variance[0] / m
        square = [a.variance[1] / a.n[2] + b.variance[1] / b.n[2], a.variance[2] / a.n[1] + b.variance[2] / b.n[1]]
        df = (va + vb) ** 2 / (va * va / (n - 1) + vb * vb / (m - 1)) if va + vb > 0 else 0.0
        self.test("welch", between, va + vb, df, difference, square, _welch(a, b))

    def test(self, name: str, difference: float, error: float, df: float, differences: tuple, square: list, dfs: tuple) -> None:
        if not error > 0:
            return self.fail([f"{name} {q}" for q in ("t", "df", "p")], "the rows of both groups are all equal")
        t = difference / math.sqrt(error)
        low, high = _quotient(differences, math.sqrt(square[0]), math.sqrt(square[1]))
        nearest, furthest = (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        self.add(f"{name} t", t, low, high)
        self.add(f"{name} df", df, *dfs)
        self.add(f"{name} p", tails.student(t, df), tails.student(furthest, dfs[1]), tails.student(nearest, dfs[0]))

    def anova(self, boxes: list) -> None:
        rows, k = sum(b.n[0] for b in boxes), len(boxes)
        df, between = rows - k, k - 1.0
        grand = sum(b.n[0] / rows * b.mean[0] for b in boxes)
        within = sum((b.n[0] - 1) * max(0.0, b.variance[0]) for b in boxes) / df
        bounds = pooled(boxes, False), pooled(boxes, True)
        if not within > 0 or bounds[0] <= 0:
            return self.fail(list(self.bare), "the rows of each group are all equal" if not within > 0 else "the groups' spread is within its noise of 0")
        f = sum(b.n[0] * (b.mean[0] - grand) ** 2 for b in boxes) / (k - 1) / within

        def length(at: int) -> float:
            middle = sum(b.n[at] * b.mean[0] for b in boxes) / sum(b.n[at] for b in boxes)
            return math.sqrt(sum(b.n[at] * (b.mean[0] - middle) ** 2 for b in boxes))

        def moved(at: int) -> float:
            return math.sqrt(sum(b.n[at] * max(b.mean[2] - b.mean[0], b.mean[0] - b.mean[1]) ** 2 for b in boxes))
        low, high = max(0.0, length(1) - moved(1)) ** 2 / between / bounds[1], (length(2) + moved(2)) ** 2 / between / bounds[0]
        dfs = sum(b.n[1] for b in boxes) - k, sum(b.n[2] for b in boxes) - k
        p = tails.fisher(f, between, df)
        self.add("anova f", f, low, high)
        self.add("anova df_between", between, between, between)
        self.add("anova df_within", df, *dfs)
        self.add("anova p", p, min(p, *(tails.fisher(high, between, d) for d in dfs)), max(p, *(tails.fisher(low, between, d) for d in dfs)))


def _quotient(of: tuple, least: float, most: float) -> tuple:
    """What a difference over a positive number can be."""
    return of[0] / (least if of[0] < 0 else most), of[1] / (most if of[1] < 0 else least)


def _welch(a: Box, b: Box) -> tuple:
    """The degrees of freedom of Welch and Satterthwaite, which depend on the ratio of squared errors and are most where it is as that of the degrees."""
    def of(r: float, n: float, m: float) -> float:
        return (1 + r) ** 2 / (1 / (n - 1) + r * r / (m - 1))
    low, high = b.variance[1] / b.n[2] / (a.variance[2] / a.n[1]), b.variance[2] / b.n[1] / (a.variance[1] / a.n[2])
    top = (b.n[2] - 1) / (a.n[2] - 1)
    return min(of(low, a.n[1], b.n[1]), of(high, a.n[1], b.n[1])), of(min(max(top, low), high), a.n[2], b.n[2])
