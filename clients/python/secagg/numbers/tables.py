"""Counts of disjoint cells: histograms, shares, two columns crossed, and which declared labels occur."""

import math
from collections.abc import Callable

from ..analysis import KINDS
from . import tails
from .draws import METHOD_FAILS, NONE, Simulation
from .layout import Block
from .matrix import factor
from .noise import NoiseSum, edge
from .scope import Scope, Statistic, drawn, few_or_near


def share(scope: Scope, part: int, of: list) -> tuple | None:
    """Fieller: all p for which (1 - p)·part - p·rest is no further from 0 than its noise. None where noise left fewer rows than none."""
    cell, everyone = scope.block.cells[part].noise, sum(scope.cells[i] for i in of)
    if everyone <= 0:
        return None
    noise, count = NoiseSum([(1.0, cell, scope.draws * len(of))]), min(max(scope.cells[part], 0.0), everyone)
    if everyone <= noise.half_width(scope.alpha):
        return count / everyone, 0.0, 1.0
    slope = everyone / noise.deviation if noise.deviation > 0 else everyone

    def excess(p: float) -> float:
        terms = [(1 - p, cell, scope.draws), (p, cell, scope.draws * (len(of) - 1))]
        return scope.alpha - NoiseSum(terms).tail(abs(count - p * everyone) - 1e-6)
    return count / everyone, edge(excess, count / everyone, 0.0, slope), edge(excess, count / everyone, 1.0, slope)


def percent(bare: Statistic, scope: Scope, part: int, of: list) -> Statistic:
    """The share in per cent."""
    if scope.too_few(sum(scope.cells[i] for i in of)):
        return scope.withhold(bare)
    found = share(scope, part, of)
    return bare.told(*(100 * x for x in found), unit="%") if found else bare.undetermined("noise left fewer rows than none")


def release_histogram(block: Block, scope: Scope) -> list:
    """Rows a bin or label; of a compared category also their shares."""
    out, everything = [], list(range(len(block.cells)))
    for word in ("histogram", "compare"):
        for measure in (m for m in block.measures if KINDS[m["kind"] - 1] == word):
            for i, cell in enumerate(block.cells):
                out.append(scope.counted(scope.bare(measure, cell.name), i))
                if word == "compare":
                    out.append(percent(scope.bare(measure, cell.name, "percent"), scope, i, everything))
    return out


def compare_histogram(block: Block, groups: list) -> list:
    """A category's labels between the groups of a question."""
    out, labels = [], range(len(block.cells))
    few, near = few_or_near([(g.group, [(g, i) for i in labels]) for g in groups] + [(block.cells[i].name, [(g, i) for g in groups]) for i in labels])
    for measure in (m for m in block.measures if KINDS[m["kind"] - 1] == "compare"):
        def bare(quantity: str, measure: dict = measure) -> Statistic:
            return groups[0].between(measure, "", quantity)
        out += chi_square(bare, "", groups, (few, near), lambda cells: cells, 0.0, (len(groups) - 1) * (len(labels) - 1))
        if len(groups) == 2:
            out += by_length([bare("smd")], groups, (few, near), lambda cells: _shares(*cells) or [NONE], lambda length: [length])
    return out


def release_contingency(block: Block, scope: Scope) -> list:
    """Rows in each pair of keys, with chi-square, and ratios where the table is 2 × 2."""
    measure = block.measures[0]
    first, second = measure["keys"]
    rows, across = first["keys"], second["keys"]
    width = len(across)

    def bare(quantity: str, name: str = "") -> Statistic:
        return scope.bare(measure, name, quantity)
    out = []
    for i, cell in enumerate(block.cells):
        start = i // width * width
        out += [scope.counted(bare("", cell.name), i), percent(bare("row percent", cell.name), scope, i, list(range(start, start + width)))]
    sums = [(f"{first['column']}={key}", [(scope, r * width + c) for c in range(width)]) for r, key in enumerate(rows)]
    sums += [(f"{second['column']}={key}", [(scope, r * width + c) for r in range(len(rows))]) for c, key in enumerate(across)]
    judged = few_or_near(sums)

    def table(cells: list) -> list:
        return [cells[0][r * width:(r + 1) * width] for r in range(len(rows))]
    df = (len(rows) - 1) * (width - 1)
    out += chi_square(bare, "", [scope], judged, table, 0.0, df)
    if len(block.cells) != 4:
        return out
    out += chi_square(bare, "yates ", [scope], judged, table, 0.5, df)
    ratios = [bare(of + end) for of in ("or", "rr", "rd") for end in ("", " ci_low", " ci_high")]
    if judged[0]:
        return out + [scope.withhold(b) for b in ratios]
    return out + drawn([scope], ratios, lambda cells: _ratios(cells[0], scope.confidence), judged[1] or "a cell of the table is within its noise of 0")


def chi_square(bare: Callable, prefix: str, scopes: list, judged: tuple, table: Callable[[list], list], correction: float, df: int) -> list:
    """Pearson's test, its statistic judged by how far the noise moves the residuals."""
    return by_length([bare(prefix + q) for q in ("chi2", "df", "p")], scopes, judged, lambda cells: _residuals(table(cells), correction),
                     lambda length: [length * length, float(df), tails.chi_square(length * length, df)])


def by_length(bare: list, scopes: list, judged: tuple, vector: Callable[[list], list], values: Callable[[float], list]) -> list:
    """Statistics that rise or fall with the length of a vector."""
    few, near = judged
    if few:
        return [scopes[0].withhold(b) for b in bare]
    length = None if near else Simulation(scopes, scopes[0].alpha).length(vector)
    if length is None:
        return [b.undetermined(near or METHOD_FAILS) for b in bare]
    value, low, high = (values(x) for x in length)
    return [b.told(v, min(x, y), max(x, y)) for b, v, x, y in zip(bare, value, low, high)]


def _residuals(table: list, correction: float) -> list:
    """(observed - expected)/√expected of each cell; counts below 0 are 0, and a label that nobody has is not in the table."""
    counts = [[max(0.0, x) for x in row] for row in table]
    rows, columns = [sum(row) for row in counts], [sum(column) for column in zip(*counts)]
    total, df = sum(rows), (sum(r > 0 for r in rows) - 1) * (sum(c > 0 for c in columns) - 1)
    if total <= 0 or df <= 0 or correction > 0 and df != 1:
        return [NONE]
    out = []
    for r, row in enumerate(counts):
        for c, observed in enumerate(row):
            expected = rows[r] / total * columns[c]
            off = observed - expected
            out.append(math.copysign(abs(off) - min(correction, abs(off)), off) / math.sqrt(expected) if expected > 0 else 0.0)
    return out


def _shares(first: list, second: list) -> list | None:
    """The vector whose length is the standardised difference of a category between two groups."""
    pairs = [(max(0.0, p), max(0.0, q)) for p, q in zip(first, second)]
    rows, others = sum(p for p, _ in pairs), sum(q for _, q in pairs)
    labels = [pair for pair in pairs if pair[0] > 0 or pair[1] > 0][1:]
    if not (rows > 0 and others > 0) or not labels:
        return None
    p, q = [x / rows for x, _ in labels], [y / others for _, y in labels]

    def spread(s: list, i: int, j: int) -> float:
        return s[i] * (1 - s[i]) if i == j else -s[i] * s[j]
    size = range(len(labels))
    found = factor([[(spread(p, i, j) + spread(q, i, j)) / 2 for j in size] for i in size])
    return found.whiten([x - y for x, y in zip(p, q)]) if found else None


def _ratios(cells: list, confidence: float) -> list:
    """Odds ratio, relative risk and risk difference, each with the interval of sampling."""
    a, b, c, d = (max(0.0, x) for x in cells)
    z, out = tails.normal_quantile(confidence), []

    def of_log(log: float, variance: float) -> list:
        half = z * math.sqrt(variance)
        return [math.exp(log), math.exp(log - half), math.exp(log + half)] if abs(log) + half < 700 else [NONE] * 3
    out += of_log(math.log(a / b) - math.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d) if min(a, b, c, d) > 0 else [NONE] * 3
    out += of_log(math.log(a / (a + b)) - math.log(c / (c + d)), b / (a + b) / a + d / (c + d) / c) if min(a, c) > 0 else [NONE] * 3
    if not (a + b > 0 and c + d > 0):
        return out + [NONE] * 3
    p, q = a / (a + b), c / (c + d)
    half = z * math.sqrt(p * (1 - p) / (a + b) + q * (1 - q) / (c + d))
    return [*out, p - q, p - q - half, p - q + half]


def release_keys(block: Block, scope: Scope) -> list:
    """How many labels occur, and the most frequent, all judged at once."""
    counts, out = scope.cells, []
    together = scope.half_width(0, scope.alpha / len(counts))
    for measure in block.measures:
        if KINDS[measure["kind"] - 1] == "distinct":
            bare, single = scope.bare(measure), scope.half_width(0, scope.alpha)
            out.append(scope.withhold(bare) if scope.too_few(sum(counts)) else bare.told(
                *(float(sum(map(test, counts))) for test in (lambda c: c > single, lambda c: c > together, lambda c: c + together >= 1))))
            continue
        most = sorted((i for i, c in enumerate(counts) if c > 0), key=lambda i: (-counts[i], i))[:measure["count"]]
        for place, i in enumerate(most, 1):
            out.append(scope.counted(scope.bare(measure, block.cells[i].name), i))
            bare = scope.bare(measure, block.cells[i].name, "place")
            out.append(scope.withhold(bare) if scope.too_few(counts[i]) else bare.told(
                float(place), 1.0 + sum(c - together > counts[i] + together for c in counts), float(sum(c + together >= counts[i] - together for c in counts))))
    return out
