"""Tails of distributions, each from the side on which it is small (Abramowitz and Stegun 26.5, 26.6, 6.5). Arguments are finite numbers."""

import math
from statistics import NormalDist

MANY = 1e8      # degrees of freedom from which on Student's t is normal, and F chi-square, to 8 digits


def normal(z: float) -> float:
    """P(|Z| > |z|)."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_quantile(confidence: float) -> float:
    """What a normal variable exceeds, either way, with probability 1 - confidence."""
    return -NormalDist().inv_cdf((1 - confidence) / 2)


def student(t: float, df: float) -> float:
    """P(|T| > |t|)."""
    if df > MANY:
        return normal(t)
    square = t * t
    return 1 - beta(0.5, df / 2, square / (df + square)) if square < 1 else beta(df / 2, 0.5, df / (df + square))


def student_quantile(confidence: float, df: float) -> float:
    """What Student's variable exceeds, either way, with probability 1 - confidence: Newton's steps from the first terms of Fisher's expansion."""
    z = normal_quantile(confidence)
    if df > MANY:
        return z
    t = z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df * df) if df > 10 else z
    scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    for _ in range(60):
        density = math.exp(scale - (df + 1) / 2 * math.log1p(t * t / df))
        step = (student(t, df) - (1 - confidence)) / (2 * density) if density > 0 else math.inf
        if not math.isfinite(step):
            break
        t += step
        if abs(step) <= 1e-11 * t:
            break
    return t


def fisher(f: float, between: float, within: float) -> float:
    """P(F > f)."""
    return chi_square(f * between, between) if within > MANY else beta(within / 2, between / 2, within / (within + between * f))


def chi_square(x: float, df: float) -> float:
    """P(X > x)."""
    return 0.0 if x == math.inf else gamma_upper(df / 2, x / 2)


def beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _beta_fraction(a, b, x) / a if x < (a + 1) / (a + b + 2) else 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or 1e-300)
    value = d
    for m in range(1, 100_000):
        part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + part * d or 1e-300), 1 + part / c or 1e-300
        value *= c * d
        part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + part * d or 1e-300), 1 + part / c or 1e-300
        change = c * d
        value *= change
        if -1e-15 < change - 1 < 1e-15:
            break
    return value


def gamma_upper(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function: its series below a + 1, its continued fraction above."""
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        part = total = 1 / a
        n = a
        while part > total * 1e-17:
            n += 1
            part *= x / n
            total += part
        return 1 - front * total
    b, c = x + 1 - a, 1e300
    d = value = 1 / b
    for i in range(1, 100_000):
        part = -i * (i - a)
        b += 2
        d = part * d + b
        c = b + part / c
        d = 1 / (d if abs(d) > 1e-300 else 1e-300)
        change = d * c
        value *= change
        if abs(change - 1) < 1e-15:
            break
    return front * value
