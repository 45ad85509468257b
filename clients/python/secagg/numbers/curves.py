"""Survival, ROC curves and rates."""

import dataclasses
import math

from ..analysis import shortest
from . import tails
from .draws import METHOD_FAILS, NONE, Simulation
from .layout import Block, bin_name
from .matrix import factor, finite
from .noise import edge
from .ranks import ALMOST, falling, rising
from .scope import Scope, Statistic, drawn, few_or_near


def _table(cells: list, bins: int, monotone: bool) -> tuple:
    """Events, censored rows, those beyond, and those at risk in each bin: sums, in which noise cancels, made the nearest that never rise."""
    events, censored, left, risk = cells[:bins], cells[bins:2 * bins], cells[-1], []
    for event, gone in zip(reversed(events), reversed(censored)):
        left += event + gone
        risk.append(left)
    return events, censored, cells[-1], [max(0.0, r) for r in (falling(risk[::-1]) if monotone else risk[::-1])]


def _curve(events: list, risk: list, monotone: bool) -> list | None:
    """(at risk, survival, standard error, hazard) of each bin until nobody is at risk: Kaplan and Meier, Greenwood, Nelson and Aalen."""
    bins = next((i for i, r in enumerate(risk) if not r >= 1), len(risk))
    if bins == 0:
        return None
    survival, hazard, s, h = [], [], 1.0, 0.0
    for event, rows in zip(events, risk[:bins]):
        part = min(max(event / rows, -1.0), 1.0)
        s, h = min(2.0, s * (1 - part)), h + part
        survival.append(s)
        hazard.append(h)
    if monotone:
        survival, hazard = [min(max(x, 0.0), 1.0) for x in falling(survival)], [max(0.0, x) for x in rising(hazard)]
    points, before, greenwood = [], 1.0, 0.0
    for rows, s, h in zip(risk, survival, hazard):
        if s > 0:
            greenwood += (before - s) / s / rows
        points.append((rows, s, s * math.sqrt(max(0.0, greenwood)) if 0 < s < 1 else 0.0, h))
        before = s
    return points


def release_survival(block: Block, scope: Scope) -> list:
    """The curve of one group."""
    measure, edges, unit = block.measures[0], block.more["edges"], block.column.get("unit", "")
    bins, ends = len(edges) - 1, edges[1:]
    bare = [scope.bare(measure, bin_name(edges, i), q) for i in range(bins) for q in ("", "se", "hazard", "at_risk")]
    bare += [scope.bare(measure, "", "events"), scope.bare(measure, "", "median", unit), scope.bare(measure, "", "restricted_mean", unit), scope.bare(measure, "", "n")]
    if scope.too_few(sum(scope.cells)):
        return [scope.withhold(b) for b in bare]

    def values(cells: list) -> list:
        events, censored, beyond, risk = _table(cells[0], bins, scope.monotone)
        curve = _curve(events, risk, scope.monotone)
        if curve is None:
            return [NONE] * len(bare)
        out = []
        for i in range(bins):
            out += [curve[i][1], curve[i][2], curve[i][3], curve[i][0]] if i < len(curve) else [NONE, NONE, NONE, 0.0]
        median = next((ends[i] for i, point in enumerate(curve) if point[1] <= 0.5 + ALMOST), NONE)
        return [*out, sum(events), median, _restricted_mean(curve, ends), sum(events) + sum(censored) + beyond]
    return drawn([scope], bare, values)


def _restricted_mean(curve: list, ends: list) -> float:
    """The area under the curve to the last bin's end, if it reaches there or has come to 0."""
    horizon = ends[-1]
    bins = next((i for i, (_, end) in enumerate(zip(curve, ends)) if not end < horizon), min(len(curve), len(ends)))
    if bins == len(curve) and bins < len(ends) and ends[bins] < horizon and curve[-1][1] > 0:
        return NONE
    area, end = 0.0, horizon
    for i in range(bins - 1, -1, -1):
        area += curve[i][1] * (end - ends[i])
        end = ends[i]
    return area + end


def compare_survival(block: Block, groups: list) -> list:
    """The log-rank test between groups."""
    first, measure, bins = groups[0], block.measures[0], len(block.more["edges"]) - 1
    bare = [first.between(measure, "", f"log-rank {q}") for q in ("chi2", "df", "p")]
    for group in groups:
        bare += [first.between(measure, f"[{group.group}]", q) for q in ("observed", "expected")]
    if any(g.too_few(sum(g.cells)) for g in groups):
        return [first.withhold(b) for b in bare]

    def values(cells: list) -> list:
        observed, expected, test, _ = _log_rank([_table(c, bins, first.monotone) for c in cells], bins)
        return (test or [NONE] * 3) + [x for pair in zip(observed, expected) for x in pair]
    found = drawn(groups, bare, values)
    if any(found[i].value is None for i in range(3)):
        return found
    df, square, p = int(found[1].value), found[0].value, found[2].value

    def residuals(cells: list) -> list:
        vector = _log_rank([_table(c, bins, first.monotone) for c in cells], bins)[3]
        return vector if len(vector) == df else [NONE]
    length = Simulation(groups, first.alpha).length(residuals)
    if length is None:
        found[0], found[2] = found[0].undetermined(METHOD_FAILS), found[2].undetermined(METHOD_FAILS)
        return found
    _, low, high = length
    found[0] = found[0].told(square, min(square, low * low), max(square, high * high))
    found[2] = found[2].told(p, min(p, tails.chi_square(high * high, df)), max(p, tails.chi_square(low * low, df)))
    return found


def _log_rank(tables: list, bins: int) -> tuple:
    """Observed and expected events of each group, [chi-square, df, p] or None, and the vector whose length is chi-square's root."""
    size = len(tables)
    observed, expected = [0.0] * size, [0.0] * size
    variance = [[0.0] * size for _ in range(size)]
    for i in range(bins):
        everyone, events = sum(t[3][i] for t in tables), sum(t[0][i] for t in tables)
        if not everyone >= 1:
            break
        spread = events * (everyone - events) / (everyone - 1) if everyone > 1 else 0.0
        shares = [t[3][i] / everyone for t in tables]
        for g, table in enumerate(tables):
            observed[g] += table[0][i]
            expected[g] += events * shares[g]
            for h in range(size):
                variance[g][h] += spread * shares[g] * ((g == h) - shares[h])
    kept = [g for g in range(size) if bins > 0 and tables[g][3][0] >= 1]
    if len(kept) < 2 or not finite(variance):
        return observed, expected, None, []
    kept = kept[1:]
    difference = [observed[g] - expected[g] for g in kept]
    found = factor([[variance[g][h] for h in kept] for g in kept])
    if found is None:
        return observed, expected, None, []
    square = max(0.0, sum(x * y for x, y in zip(difference, found.solve(difference))))
    return observed, expected, [square, float(len(kept)), tails.chi_square(square, len(kept))], found.whiten(difference)


def release_roc(block: Block, scope: Scope) -> list:
    """The curve, and the area under it."""
    measure, edges = block.measures[0], block.more["edges"]
    bins = len(edges) - 1
    bare = [scope.bare(measure, "", q) for q in ("auc", "se", "events", "others")]
    bare += [scope.bare(measure, f"[≥{shortest(e)}]", q) for e in edges[:-1] for q in ("tpr", "fpr")]
    few, near = few_or_near([(block.more["event"], [(scope, i) for i in range(bins)]), ("the others", [(scope, i) for i in range(bins, 2 * bins)])])
    if few:
        return [scope.withhold(b) for b in bare]
    found = drawn([scope], bare, lambda cells: _roc(cells[0][:bins], cells[0][bins:], scope.monotone) or [NONE] * len(bare), near)
    found[1] = _area_error(*found[:4])
    return found


def _roc(events: list, others: list, monotone: bool) -> list | None:
    def at_least(counts: list) -> list:
        sums = [0.0]
        for count in reversed(counts):
            sums.append(sums[-1] + count)
        return sums[::-1]
    positives, negatives = at_least(events), at_least(others)
    m, n = positives[0], negatives[0]
    if not (m >= 1 and n >= 1):
        return None
    area = sum(other / n * ((positives[i] + positives[i + 1]) / 2 / m) for i, other in enumerate(others))
    area = min(max(area, 0.0), 1.0)
    out = [area, _error_of(area, m, n), m, n]
    if monotone:
        positives, negatives = falling(positives), falling(negatives)
    shares = [x for p, q in list(zip(positives, negatives))[:-1] for x in (p / m, q / n)]
    return out + ([min(max(x, 0.0), 1.0) for x in shares] if monotone else shares)


def _error_of(area: float, m: float, n: float) -> float:
    """Hanley and McNeil's standard error of an area from so many events and others."""
    q1, q2, square, pairs = area / (2 - area), 2 * area * area / (1 + area), area * area, m * n
    return math.sqrt(max(0.0, area * (1 - area) / pairs + (m - 1) / pairs * (q1 - square) + (n - 1) / pairs * (q2 - square)))


def _area_error(area: Statistic, error: Statistic, events: Statistic, others: Statistic) -> Statistic:
    """The standard error with what it can be for the area and the rows in their intervals."""
    if any(s.value is None for s in (area, error, events, others)):
        return error
    areas = [area.low, area.high, min(max(0.5, area.low), area.high)]
    return dataclasses.replace(
        error, low=min(error.value, *(_error_of(a, events.high, others.high) for a in areas)),
        high=max(error.value, *(_error_of(a, max(1.0, events.low), max(1.0, others.low)) for a in areas)))


def release_incidence(block: Block, scope: Scope) -> list:
    """Events for so much person-time."""
    out, q, column = [], block.more["quantiser"], block.column
    unit = column.get("unit") or column["name"]
    n, happened, z = scope.cells
    for measure in block.measures:
        per = measure.get("per", 0.0)
        out.append(scope.counted(scope.bare(measure, "", "n"), 0))
        events, watched, rate = scope.bare(measure, "", "events"), scope.bare(measure, "", "time", unit), scope.bare(measure, "", "", f"per {shortest(per)} {unit}")
        if scope.too_few(n):
            out += [scope.withhold(b) for b in (events, watched, rate)]
            continue
        half = scope.half_width(1, scope.alpha)
        time, half_time = q.unit * z + q.middle * n, scope.noise((0, q.middle), (2, q.unit)).half_width(scope.alpha)
        out += [events.told(happened, happened - half, happened + half), watched.told(time, time - half_time, time + half_time)]
        if time - half_time <= 0:
            out.append(rate.undetermined("the person-time is within its noise of 0"))
            continue
        seen = max(0.0, happened)

        def noise(r: float) -> float:
            return scope.noise((1, 1.0), (0, -r * q.middle), (2, -r * q.unit)).half_width(scope.alpha)
        value = seen / time
        low = edge(lambda r: seen - r * time - noise(r), value, 0.0, time)
        high = edge(lambda r: r * time - seen - noise(r), value, math.inf, time)
        out.append(rate.told(value * per, low * per, high * per))
    return out
