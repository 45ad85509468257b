"""The distribution of sums and linear combinations of discrete Laplace noise, for intervals (docs/privacy.md, "Intervals")."""

import cmath
import functools
import math
from collections.abc import Callable
from fractions import Fraction

GREATEST_RATE = 600.0      # e^-600 is no probability
NEGLIGIBLE = -18.0         # e^-18 < 2e-8, which shows in no half width; the C# side goes further, at a hundred times the speed
NEVER = 1e-6
TOLERANCE = 1e-4
SAFETY_SIGMAS, SAFETY_TAIL = 5.5, 4e-8


class Noise:
    """One whole draw of discrete Laplace noise: P(x) in proportion to e^(-|x|/scale)."""

    __slots__ = ("scale", "size", "rate", "variance")

    def __init__(self, scale: Fraction):
        self.scale, self.size = scale, float(scale.numerator) / float(scale.denominator)
        self.rate = 1 / self.size
        self.variance = 1 / (2 * math.sinh(self.rate / 2) ** 2) if self.rate < 2 * GREATEST_RATE else 0.0

    def tail(self, t: float) -> float:
        """P(|x| > t)."""
        return 2 * math.exp(-self.rate * (t + 1)) / (1 + math.exp(-self.rate))


def crossing(excess: Callable[[float], float], low: float, below: float, high: float, above: float, tolerance: Callable[[float], float]) -> float:
    """Where a function that is at most 0 at `low` and above 0 at `high` (or the other way round in place) crosses 0, from `high`'s side.

    False position; an end that stays twice counts half, and half of what is tolerated is gained each time.
    """
    stayed = 0
    for _ in range(200):
        wide = tolerance(high)
        if abs(high - low) <= wide:
            break
        least = math.copysign(min(wide / 2, abs(high - low) / 2), high - low)
        middle = low + (high - low) * below / (below - above)
        middle = sorted((low + least, middle, high - least))[1]
        over = excess(middle)
        if over <= 0:
            low, below = middle, over
            above = above / 2 if stayed == 1 else above
            stayed = 1
        else:
            high, above = middle, over
            below = below / 2 if stayed == -1 else below
            stayed = -1
    return high


def log_one_plus(z: complex) -> complex:
    """ln(1 + z), with its digits where z is small."""
    x, y = z.real, z.imag
    if abs(x) > 1e8 or abs(y) > 1e8:
        return cmath.log(1 + z)
    square = 2 * x + x * x + y * y
    whole = 1 + square
    size = square if whole == 1 else -math.inf if whole <= 0 else math.log(whole) * square / (whole - 1)
    return complex(size / 2, math.atan2(y, 1 + x))


def lattice_tail(rate: float, draws: float, t: float) -> float:
    """P(|X| > t) of so many draws, any real number above 0: Cauchy's integral of the generating function along a hyperbola, by the trapezoid rule."""
    if rate > GREATEST_RATE:
        return 0.0
    k = t + 1
    delta = 2 * math.exp(rate / 2) * math.sinh(rate / 2)
    half = delta / (1 + delta) / (2 * draws)
    distance = math.asin(min(math.sqrt(0.5), half + math.sqrt(half * half + math.exp(-rate) / draws)))
    beta, step = math.pi / 2 - distance, distance / 8

    def at(u: float) -> complex:
        w = complex(u, beta)
        c = cmath.cosh(w)
        zeta = 1 + delta * c
        exponent = -draws * log_one_plus(-(1 + delta) * c * c / zeta) - k * log_one_plus(delta * c)
        return cmath.exp(exponent) * (cmath.sinh(w) / c) if exponent.real > -740 else 0j

    first = at(0.0)
    total, least, j = first.imag / 2, 1e-18 * abs(first), 1
    while True:
        value = at(j * step)
        total += value.imag
        if not abs(value) > least:
            break
        j += 1
    return min(max(2 * total * step / math.pi, 0.0), 1.0)


def reach(rate: float, draws: float) -> float:
    """What so many draws exceed with a probability below 1e-8 (Chernoff)."""
    best, c = math.inf, 0.95
    while c > 0.005:
        best = min(best, (-draws * math.log(1 - c * c) + 20) / (c * rate))
        c *= 0.8
    return best


class Inversion:
    """Tails of a combination of several terms, by Davies' midpoint rule with a little normal noise added that makes it converge."""

    def __init__(self, terms: list, deviation: float):
        sigma = deviation / 300
        end = math.sqrt(2 * 28) / sigma
        for coefficient, noise, draws in terms:
            # Where a term has died out within its first half period, G is as wide as covers its return a full period on.
            sine = math.sinh(noise.rate / 2) * math.sqrt(math.exp(28 / draws) - 1) if noise.rate < 1400 and 28 / draws < 700 else 1.0
            if sine < 1 and 1.2 * coefficient <= sigma and (died := 2 * math.asin(sine) / coefficient) <= end:
                sigma, end = 1.2 * coefficient, died
        self.margin, end = SAFETY_SIGMAS * sigma, min(end, math.sqrt(-2 * NEGLIGIBLE) / sigma)
        self.end = sum(coefficient * reach(noise.rate, draws) for coefficient, noise, draws in terms)
        self.step = math.pi / (self.end + self.margin)
        count, factor, log = math.ceil(end / self.step), -sigma * sigma * self.step * self.step / 2, math.log
        # The logarithms of the characteristic function at u = (k + 1/2)·step.
        logs = [factor * (k + 0.5) ** 2 for k in range(count)]
        for coefficient, noise, draws in terms:
            turn, share = cmath.rect(1, self.step * coefficient / 2), math.sinh(noise.rate / 2) ** -2 if noise.rate < 1400 else 0.0
            at = cmath.rect(1, self.step * coefficient / 4)
            for k in range(count):
                sine = at.imag
                logs[k] -= draws * log(1 + sine * sine * share)
                at *= turn
        self.runs: list[tuple[int, list[float]]] = []       # the weights that are not negligible, from their first k on
        run: list[float] | None = None
        for k, value in enumerate(logs):
            if value < NEGLIGIBLE:
                run = None
                continue
            if run is None:
                run = []
                self.runs.append((k, run))
            run.append(2 / math.pi * math.exp(value) / (k + 0.5))

    def tail(self, t: float) -> float:
        """P(|X| > t)."""
        x = t - self.margin
        if x <= 0:
            return 1.0
        if t >= self.end:
            return 0.0
        turn, inside = cmath.rect(1, self.step * x), 0.0
        for first, weights in self.runs:
            at = cmath.rect(1, self.step * x * (first + 0.5))
            for weight in weights:
                inside += weight * at.imag
                at *= turn
        return min(max(1 - inside + SAFETY_TAIL, 0.0), 1.0)


class NoiseSum:
    """A linear combination of independent sums of draws. terms: (coefficient, Noise, how many draws); factors of 0 add nothing."""

    def __init__(self, terms: list):
        gathered: dict = {}
        for coefficient, noise, draws in terms:
            if coefficient != 0 and draws > 0:
                key = abs(coefficient), noise.scale
                gathered[key] = noise, gathered.get(key, (noise, 0.0))[1] + draws
        self.terms = [(coefficient, noise, draws) for (coefficient, _), (noise, draws) in gathered.items()]
        self.deviation = math.sqrt(sum(c * c * noise.variance * draws for c, noise, draws in self.terms))
        self._any = min(1.0, sum(noise.tail(0) * max(1.0, draws) for _, noise, draws in self.terms))
        self._inversion: Inversion | None = None

    def tail(self, t: float) -> float:
        """P(|X| > t): exact for one term, at most a little too high for several."""
        if t < 0:
            return 1.0
        if not self.terms:
            return 0.0
        if len(self.terms) > 1:
            if self._any <= NEVER:
                return self._any
            self._inversion = self._inversion or Inversion(self.terms, self.deviation)
            return self._inversion.tail(t)
        coefficient, noise, draws = self.terms[0]
        steps = min(math.floor(t / coefficient + 1e-9), 1e36)
        return noise.tail(steps) if draws == 1 else lattice_tail(noise.rate, draws, steps)

    def half_width(self, alpha: float) -> float:
        """The least t with P(|X| > t) <= alpha."""
        if not self.terms:
            return 0.0
        if len(self.terms) == 1:
            coefficient, noise, draws = self.terms[0]
            return coefficient * single_half_width(noise.scale, draws, alpha)
        if self._any <= alpha:
            return 0.0

        def under(t: float) -> float:
            tail = self.tail(t)
            return -math.log(tail / alpha) if tail > 0 else 1.0
        low, below, high = 0.0, under(0.0), self.deviation
        above = under(high)
        while above < 0:
            low, below, high = high, above, 2 * high
            above = under(high)
        return crossing(under, low, below, high, above if above > 0 else 1e-300, lambda end: TOLERANCE * end)


@functools.lru_cache(maxsize=4096)
def single_half_width(scale: Fraction, draws: float, alpha: float) -> float:
    """The half width of whole-number noise, in steps."""
    noise = Noise(scale)
    if draws == 1:
        t = max(0, math.ceil((math.log(2 / alpha) - math.log(1 + math.exp(-noise.rate))) / noise.rate) - 1)
        if t < 1 << 53:
            while noise.tail(t) > alpha:
                t += 1
            while t > 0 and noise.tail(t - 1) <= alpha:
                t -= 1
        return float(t)
    low, high = -1.0, max(1.0, math.ceil(math.sqrt(noise.variance * draws)))
    while lattice_tail(noise.rate, draws, high) > alpha:
        low, high = high, 2 * high
    while high - low > 1 and high - low > high * 1e-12:
        middle = math.floor((low + high) / 2)
        low, high = (middle, high) if lattice_tail(noise.rate, draws, middle) > alpha else (low, middle)
    return float(high)


def bound(scale: Fraction, draws: float, bits: int) -> int:
    """A whole number that so many draws exceed with a probability of at most 2^-bits, in whole-number arithmetic."""
    exponent = 2877 * math.ceil(draws) + 6932 * (bits + 1)
    return -(-2 * exponent * scale.numerator // (10_000 * scale.denominator))


def edge(excess: Callable[[float], float], inside: float, last: float, slope: float) -> float:
    """The end of an interval between an accepted candidate and the last possible one: where the excess, about `slope` a unit, crosses 0."""
    start = excess(inside)
    if inside == last or start >= 0:
        return inside
    if math.isfinite(last) and excess(last) <= 0:
        return last
    (near, below), far, step = (inside, start), last, -start / slope
    above = None
    while step < abs(last - inside):
        far = inside + math.copysign(step, last - inside)
        above = excess(far)
        if above > 0:
            break
        (near, below), far, above = (far, above), last, None
        step *= 2
    if above is None:
        above = excess(far)
    span = abs(far - near)
    return crossing(excess, near, below, far, above, lambda _: 1e-4 * span)
