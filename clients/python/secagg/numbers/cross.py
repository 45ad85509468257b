"""What cross products tell: covariances, correlations, principal components, a linear regression."""

import math
from dataclasses import dataclass

from ..analysis import KINDS
from . import tails
from .draws import METHOD_FAILS, NONE, Simulation
from .layout import Block
from .matrix import DEPENDENT, eigen, factor, finite, nearest
from .scope import Scope, Statistic, drawn

TOO_FEW, TOO_LARGE = "there are too few rows", "the totals are too large to compute with"


@dataclass
class Covariances:
    """Means and sample covariances of terms; the nearest possible matrix where noise made it impossible."""

    n: float
    means: list
    matrix: list
    repaired: bool
    definite: bool

    @classmethod
    def of(cls, block: Block, cells: list, definite: bool) -> "Covariances | str":
        """From cells with noise; why there are none otherwise."""
        terms, places, n = block.more["terms"], block.more["places"], cells[0]
        if not n >= 2:
            return TOO_FEW
        size = len(terms)
        sums, units = [cells[1 + i] / t.most for i, t in enumerate(terms)], [t.unit * t.most for t in terms]
        matrix = [[0.0] * size for _ in range(size)]
        for i in range(size):
            for j in range(i, size):
                if (i, j) in places:
                    place, divisor = places[i, j]
                    product = ((cells[place] + block.cells[place].most * n) / 2 if i == j else cells[place]) * divisor / terms[i].most / terms[j].most
                else:
                    product = sums[i] if i == j else 0.0
                less = sums[j] / n * sums[i]
                covariance = 0.0 if abs(product - less) <= 1e-14 * abs(product) else product - less
                matrix[i][j] = matrix[j][i] = units[i] * units[j] * covariance / (n - 1)
        if not finite(matrix):
            return TOO_LARGE
        found, repaired = nearest(matrix) if definite else (matrix, False)
        return cls(n, [t.middle + u * (s / n) for t, u, s in zip(terms, units, sums)], found, repaired, definite)

    def correlation(self, a: int, b: int) -> float:
        """Pearson's; NaN if a column's rows are all equal."""
        if not (self.matrix[a][a] > 0 and self.matrix[b][b] > 0):
            return NONE
        r = self.matrix[a][b] / (math.sqrt(self.matrix[a][a]) * math.sqrt(self.matrix[b][b]))
        return 1.0 if a == b else min(max(r, -1.0), 1.0) if self.definite else r

    def correlations(self) -> list | None:
        """All of them."""
        size = range(len(self.means))
        found = [[self.correlation(i, j) for j in size] for i in size]
        return found if finite(found) else None


def release(block: Block, scope: Scope) -> list:
    """Every measure that is computed from the block."""
    return [statistic for measure in block.measures for statistic in _release(measure, block, scope)]


def _release(measure: dict, block: Block, scope: Scope) -> list:
    word, terms = KINDS[measure["kind"] - 1], block.more["terms"]
    count = [scope.counted(scope.bare(measure, "", "n"), 0)]
    pairs = [(i, j) for i in range(len(terms)) for j in range(i, len(terms))]

    def pair(i: int, j: int, quantity: str = "", unit: str = "") -> Statistic:
        return scope.bare(measure, f"[{terms[i].name},{terms[j].name}]", quantity, unit)
    tests = [pair(i, j, "p") for i, j in pairs if i != j] if word == "correlation" else []
    if word == "covariance":
        bare, values = [pair(i, j, "", _product(block, i, j)) for i, j in pairs], lambda of: [of.matrix[i][j] for i, j in pairs]
    elif word == "correlation":
        bare, values = [pair(i, j) for i, j in pairs], lambda of: [of.correlation(i, j) for i, j in pairs]
    elif word == "pca":
        bare, values = _components(measure, block, scope)
    else:
        bare, values = _regression(measure, block, scope)
    if scope.too_few(scope.cells[0]):
        return count + [scope.withhold(b) for b in bare + tests]
    released = Covariances.of(block, scope.cells, scope.definite)
    why = released if isinstance(released, str) else None
    if word == "linear" and why is None:
        fit = linear_fit(released, scope.confidence)
        why = fit if isinstance(fit, str) else None

    def numbers(cells: list) -> list:
        of = Covariances.of(block, cells[0], scope.definite)
        return [NONE] * len(bare) if isinstance(of, str) else values(of)
    found = drawn([scope], bare, numbers, why)
    if word == "linear":
        _judge_whole(block, scope, found)
    elif word == "pca":
        _judge_variances(block, scope, found)
    if word == "correlation":
        return count + found + _tests(scope, tests, [f for f, (i, j) in zip(found, pairs) if i != j])
    return count + found


def _product(block: Block, i: int, j: int) -> str:
    a, b = block.more["units"][i], block.more["units"][j]
    return f"({a})²" if i == j and a else f"{a}·{b}" if a and b else a + b


def _tests(scope: Scope, bare: list, correlations: list) -> list:
    """p of no correlation: what the intervals of r and of the rows allow."""
    n, half, out = scope.cells[0], scope.half_width(0, scope.alpha), []

    def p(r: float, rows: float) -> float:
        if abs(r) >= 1:
            return 0.0
        df = rows - 2
        return tails.student(r * math.sqrt(df / ((1 - r) * (1 + r))), df) if df >= 1 else NONE
    for b, r in zip(bare, correlations):
        if r.value is None:
            b.withheld = r.withheld
            out.append(b)
            continue
        near, far = (0.0 if r.low <= 0 <= r.high else min(abs(r.low), abs(r.high))), max(abs(r.low), abs(r.high))
        answers = p(r.value, n), p(far, n + half), p(near, n - half)
        out.append(b.told(*answers) if all(map(math.isfinite, answers)) else b.undetermined(METHOD_FAILS))
    return out


def _components(measure: dict, block: Block, scope: Scope) -> tuple:
    """Principal components of the correlations; a draw's component is turned to the side of the released one."""
    terms, size = block.more["terms"], range(len(block.more["terms"]))
    bare = []
    for c in size:
        bare += [scope.bare(measure, f"[PC{c + 1}]"), scope.bare(measure, f"[PC{c + 1}]", "share")]
        bare += [scope.bare(measure, f"[PC{c + 1},{t.name}]", "loading") for t in terms]

    def components(of: "Covariances | str") -> tuple | None:
        matrix = None if isinstance(of, str) else of.correlations()
        if matrix is None:
            return None
        values, vectors = eigen(matrix)
        values = [max(0.0, v) for v in values] if scope.definite else values
        signed = []
        for vector in vectors:
            # Of equals the first counts.
            most = max(range(len(vector)), key=lambda i: (abs(vector[i]), -i))
            signed.append([x * math.copysign(1, vector[most]) for x in vector])
        return (values, signed) if sum(values) > 0 else None
    released = components(Covariances.of(block, scope.cells, scope.definite))

    def values(of: Covariances) -> list:
        found = components(of)
        if found is None:
            return [NONE] * len(bare)
        out, whole = [], sum(found[0])
        for c, (variance, loadings) in enumerate(zip(*found)):
            turned = released is not None and sum(a * b for a, b in zip(released[1][c], loadings)) < 0
            out += [variance, variance / whole, *(-x if turned else x for x in loadings)]
        return out
    return bare, values


def _judge_variances(block: Block, scope: Scope, found: list) -> None:
    """No eigenvalue is further from the true one than the greatest of what the noise adds to the matrix (Weyl)."""
    count = len(block.more["terms"])

    def matrix(cells: list) -> list:
        of = Covariances.of(block, cells[0], scope.definite)
        rows = None if isinstance(of, str) else of.correlations()
        return [NONE] if rows is None else [x for row in rows for x in row]

    def distance(a: list, b: list) -> float:
        moved = [x - y for x, y in zip(a, b)]
        return max(abs(v) for v in eigen([moved[i * count:(i + 1) * count] for i in range(count)])[0])
    reach = Simulation([scope], scope.alpha).reach(matrix, distance)
    for at, statistic in enumerate(found):
        if statistic.value is None or statistic.quantity == "loading":
            continue
        if reach is None:
            found[at] = statistic.undetermined(METHOD_FAILS)
            continue
        whole, within = (1.0, reach / count) if statistic.quantity == "share" else (float(count), reach)
        found[at] = statistic.told(statistic.value, max(0.0, statistic.value - within) if scope.definite else statistic.value - within, min(whole, statistic.value + within))


def linear_fit(of: Covariances, confidence: float) -> "list | str":
    """Least squares of the first term on the others: each coefficient with se, t, p and interval, then R², adjusted R², sigma, F and its p."""
    size, rows, matrix = len(of.means) - 1, of.n - 1, of.matrix
    df = rows - size
    if not df >= 1:
        return "there are too few rows for so many predictors"
    spread = matrix[0][0]
    if not spread > 0:
        return "the rows of the outcome are all equal"
    found = factor([row[1:] for row in matrix[1:]])
    if found is None:
        return "the noise is greater than what tells the predictors apart" if of.repaired else "the predictors are collinear, or one does not vary"
    covariances, means = matrix[0][1:], of.means[1:]
    slopes = found.solve(covariances)
    r2 = min(max(sum(s * c for s, c in zip(slopes, covariances)) / spread, 0.0), 1.0)
    r2 = 1.0 if 1 - r2 <= DEPENDENT else r2
    sigma2 = (1 - r2) * spread * rows / df
    inverse = found.inverse()
    at_means = [sum(a * b for a, b in zip(row, means)) for row in inverse]
    t, out = tails.student_quantile(confidence, df), []
    factors = [1 / of.n + sum(a * b for a, b in zip(means, at_means)) / rows, *(inverse[i][i] / rows for i in range(size))]
    for value, part in zip([of.means[0] - sum(s * m for s, m in zip(slopes, means)), *slopes], factors):
        error = math.sqrt(sigma2 * part) if sigma2 * part >= 0 else NONE
        if not math.isfinite(value):
            return TOO_LARGE
        out += [value, error, value / error, tails.student(value / error, df), value - t * error, value + t * error] if error > 0 else [value] + [NONE] * 5
    f = r2 / size / ((1 - r2) / df) if r2 < 1 else math.inf
    return [*out, r2, 1 - (1 - r2) * rows / df, math.sqrt(sigma2), *((f, tails.fisher(f, size, df)) if math.isfinite(f) else (NONE, NONE))]


def _regression(measure: dict, block: Block, scope: Scope) -> tuple:
    bare, units = [], block.more["units"]
    for i, term in enumerate(block.more["terms"]):
        unit = units[0] if i == 0 or not units[i] else f"{units[0] or '1'} per {units[i]}"
        name = f"[{term.name if i else '(intercept)'}]"
        bare += [scope.bare(measure, name, q, unit if q in ("", "se", "ci_low", "ci_high") else "") for q in ("", "se", "t", "p", "ci_low", "ci_high")]
    bare += [scope.bare(measure, "", q, units[0] if q == "sigma" else "") for q in ("r2", "adjusted_r2", "sigma", "f", "p")]

    def values(of: Covariances) -> list:
        fit = linear_fit(of, scope.confidence)
        return [NONE] * len(bare) if isinstance(fit, str) else fit
    return bare, values


def _judge_whole(block: Block, scope: Scope, found: list) -> None:
    """R², F and their test follow from the length of the vector of effects, and are judged by how far the noise moves that vector."""
    size, rows = len(block.more["terms"]) - 1, scope.cells[0] - 1
    df = rows - size

    def effects(cells: list) -> list:
        of = Covariances.of(block, cells[0], scope.definite)
        if isinstance(of, str) or not of.matrix[0][0] > 0:
            return [NONE]
        predictors, spread = factor([row[1:] for row in of.matrix[1:]]), math.sqrt(of.matrix[0][0])
        return predictors.whiten([c / spread for c in of.matrix[0][1:]]) if predictors else [NONE]
    length = Simulation([scope], scope.alpha).length(effects)

    def f(r2: float) -> float:
        return r2 / size / ((1 - r2) / df) if r2 < 1 and df != 0 else math.inf
    for at, of_square in ((-5, lambda r2: r2), (-4, lambda r2: 1 - (1 - r2) * rows / df), (-2, f),
                          (-1, lambda r2: tails.fisher(f(r2), size, df) if math.isfinite(f(r2)) else 0.0)):
        value = found[at].value
        if value is None:
            continue
        ends = [NONE] if length is None else [of_square(length[1] ** 2), of_square(min(1.0, length[2] ** 2))]
        found[at] = found[at].told(value, min(value, *ends), max(value, *ends)) if all(map(math.isfinite, ends)) else found[at].undetermined(METHOD_FAILS)
