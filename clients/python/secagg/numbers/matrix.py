"""Symmetric matrices, as lists of rows, that should be positive (semi-)definite and, with noise, may not be."""

import math

DEPENDENT = 1e-10       # of a variable's variance: what cancellation leaves of an exact dependence
ROUNDING = 1e-10        # of an eigenvalue of a correlation matrix: down to here it is rounding and not noise


class Factor:
    """A Cholesky factor of a matrix scaled to a unit diagonal."""

    def __init__(self, lower: list, scale: list):
        self.lower, self.scale = lower, scale

    def whiten(self, right: list) -> list:
        """The x whose length is the root of right'·matrix⁻¹·right."""
        x = [r * s for r, s in zip(right, self.scale)]
        for i, row in enumerate(self.lower):
            for k in range(i):
                x[i] -= row[k] * x[k]
            x[i] /= row[i]
        return x

    def solve(self, right: list) -> list:
        """The x with matrix·x = right."""
        x, lower = self.whiten(right), self.lower
        for i in range(len(x) - 1, -1, -1):
            for k in range(i + 1, len(x)):
                x[i] -= lower[k][i] * x[k]
            x[i] /= lower[i][i]
        return [v * s for v, s in zip(x, self.scale)]

    def inverse(self) -> list:
        """The inverse, symmetric to the last bit."""
        size = len(self.scale)
        columns = [self.solve([1.0 if i == j else 0.0 for j in range(size)]) for i in range(size)]
        return [[(columns[i][j] + columns[j][i]) / 2 for j in range(size)] for i in range(size)]


def cholesky(unit: list, least: float) -> list | None:
    """The lower factor of a matrix, None where less than `least` is left of a variable."""
    size = len(unit)
    lower = [[0.0] * size for _ in range(size)]
    for j in range(size):
        for i in range(j, size):
            left = unit[i][j]
            a, b = lower[i], lower[j]
            for k in range(j):
                left -= a[k] * b[k]
            if i > j:
                a[j] = left / b[j]
            elif left > least:
                a[j] = math.sqrt(left)
            else:
                return None
    return lower


def factor(matrix: list) -> Factor | None:
    """A factor to solve with; None where the matrix is not positive definite."""
    if not all(matrix[i][i] > 0 and math.isfinite(matrix[i][i]) for i in range(len(matrix))):
        return None
    scale = [1 / math.sqrt(matrix[i][i]) for i in range(len(matrix))]
    unit = [[1.0 if i == j else value * scale[i] * scale[j] for j, value in enumerate(row)] for i, row in enumerate(matrix)]
    lower = cholesky(unit, DEPENDENT)
    return None if lower is None else Factor(lower, scale)


def finite(matrix: list) -> bool:
    """Whether all numbers of a matrix are."""
    return all(math.isfinite(x) for row in matrix for x in row)


def eigen(matrix: list) -> tuple:
    """Eigenvalues, greatest first, and their unit vectors, by Jacobi's rotations."""
    size = len(matrix)
    a = [list(row) for row in matrix]
    vectors = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]      # rows
    whole = math.sqrt(sum(x * x for row in a for x in row)) or 1.0
    for _ in range(60):
        if math.sqrt(sum(a[i][j] ** 2 for i in range(size) for j in range(size) if i != j)) <= 1e-16 * whole:
            break
        for p in range(size - 1):
            for q in range(p + 1, size):
                if abs(a[p][q]) <= 1e-18 * whole:
                    continue
                theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                t = math.copysign(1, theta) / (abs(theta) + math.hypot(theta, 1))
                c = 1 / math.hypot(t, 1)
                s = t * c
                for k in range(size):
                    row = a[k]
                    row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]
                for k in range(size):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
                vectors[p], vectors[q] = ([c * x - s * y for x, y in zip(vectors[p], vectors[q])], [s * x + c * y for x, y in zip(vectors[p], vectors[q])])
    order = sorted(range(size), key=lambda i: -a[i][i])
    return [a[i][i] for i in order], [vectors[i] for i in order]


def nearest(matrix: list) -> tuple:
    """A covariance matrix that noise may have made impossible, and whether it was: negative variances become 0, negative eigenvalues of the correlations too."""
    size = len(matrix)
    deviations = [math.sqrt(max(0.0, matrix[i][i])) for i in range(size)]
    inverse = [1 / d if d > 0 else 0.0 for d in deviations]
    correlation = [[matrix[i][j] * inverse[i] * inverse[j] for j in range(size)] for i in range(size)]
    clipped = any(deviations[i] == 0 and any(x != 0 for x in matrix[i]) for i in range(size))
    if not finite(correlation):
        return [[deviations[i] ** 2 if i == j else 0.0 for j in range(size)] for i in range(size)], True
    # A factor of the matrix with so much more on its diagonal says the same as all eigenvalues, sooner.
    if not clipped and cholesky([[x + (0.9 * ROUNDING if i == j else 0) for j, x in enumerate(row)] for i, row in enumerate(correlation)], 0.0) is not None:
        return matrix, False
    values, vectors = eigen(correlation)
    if values[-1] >= -ROUNDING and not clipped:
        return matrix, False
    repaired = [[sum(max(0.0, v) * row[i] * row[j] for v, row in zip(values, vectors)) for j in range(size)] for i in range(size)]
    unit = [1 / math.sqrt(repaired[i][i]) if repaired[i][i] > 0 else 0.0 for i in range(size)]
    return [[repaired[i][j] * unit[i] * unit[j] * deviations[i] * deviations[j] for j in range(size)] for i in range(size)], True
