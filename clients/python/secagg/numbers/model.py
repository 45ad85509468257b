"""Logistic and Poisson regression: one round's totals, and Newton's step from them (McCullagh and Nelder, Generalized Linear Models, 2.5)."""

import math
from dataclasses import dataclass, replace

from ..analysis import KINDS
from . import tails
from .cross import TOO_LARGE
from .draws import NONE
from .layout import Block
from .matrix import factor, finite
from .scope import Scope, drawn

TOLERANCE, MAX_HALVINGS, MAX_STEP, MAX_COEFFICIENT = 1e-12, 5, 4.0, 20.0
SEPARATED = ("the predictors separate the outcome: a coefficient grows without bound, and no number of rounds would end it; take a predictor out, "
             "or join rare categories")
NOT_APART = "the noise is greater than what tells the predictors apart"


@dataclass(frozen=True)
class Totals:
    """n, deviance, gradient and information at a round's coefficients."""

    n: float
    deviance: float
    gradient: list
    information: list

    @classmethod
    def of(cls, block: Block, cells: list) -> "Totals":
        """From cells with noise."""
        more, size = block.more, len(block.more["names"])

        def information(i: int, j: int) -> float:
            # A label's square is its product with the intercept; two labels of one column never meet.
            place = more["places"].get((min(i, j), max(i, j)), more["places"][0, i] if i == j else None)
            return 0.0 if place is None else cells[place] * more["weight_unit"]
        return cls(cells[0], cells[1] * more["deviance_unit"], [cells[2 + i] * more["residual_unit"] for i in range(size)],
                   [[information(i, j) for j in range(size)] for i in range(size)])


@dataclass(frozen=True)
class State:
    """Where a fit stands before a round: the coefficients at which it is computed, and the last that made the deviance smaller, with their totals."""

    round: int
    coefficients: tuple
    accepted: tuple | None = None
    halvings: int = 0


@dataclass(frozen=True)
class Fit:
    """A model when the last round is over; not_converged says why the coefficients are not those of the greatest likelihood."""

    coefficients: list
    covariance: list
    deviance: float
    not_converged: str | None

    def in_units(self, terms: list) -> "Fit":
        """Of predictors in their own units: slopes by the units, and the intercept less what the middles add."""
        size = len(self.coefficients)
        change = [[float(i == j) for j in range(size)] for i in range(size)]
        for i, term in enumerate(terms, 1):
            unit = term.unit * term.most
            change[i][i], change[0][i] = 1 / unit, -term.middle / unit

        def times(a: list, b: list) -> list:
            return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]
        return replace(self, coefficients=[sum(x * y for x, y in zip(row, self.coefficients)) for row in change],
                       covariance=times(times(change, self.covariance), [list(column) for column in zip(*change)]))


def newton(state: State, totals: Totals, most_rounds: int, deviance_noise: float, gradient_variance: list) -> "State | Fit | str":
    """What a round's totals lead to: the next round, the fit, or why there is none."""
    if not math.isfinite(totals.n + totals.deviance) or not finite([totals.gradient]) or not finite(totals.information):
        return TOO_LARGE
    size = len(state.coefficients)
    if not totals.n >= size + 1:
        return "there are too few rows for so many predictors"
    if state.accepted is not None:
        at, best = state.accepted
        if totals.deviance > best.deviance + 1e-9 * (abs(best.deviance) + 1) + deviance_noise:
            return _halved(state, at, best, most_rounds)
    found = factor(totals.information)
    if found is None:
        return "the predictors are collinear, one does not vary, or the noise is greater than what tells them apart" if state.round == 1 else (
            SEPARATED if max(map(abs, state.coefficients)) > MAX_COEFFICIENT / 2 else NOT_APART)
    step = found.solve(totals.gradient)
    decrement, covariance, longest = sum(s * g for s, g in zip(step, totals.gradient)), found.inverse(), max(map(abs, step))
    if not math.isfinite(decrement + longest):
        return TOO_LARGE
    if totals.deviance < 1e-6 * totals.n and deviance_noise == 0:
        return SEPARATED
    scale = MAX_STEP / longest if longest > MAX_STEP else 1.0
    following = tuple(b + s * scale for b, s in zip(state.coefficients, step))
    noise = sum(covariance[i][i] * v for i, v in enumerate(gradient_variance))
    converged = longest <= MAX_STEP and decrement <= max(TOLERANCE, 3 * noise)
    if not converged and max(map(abs, following)) > MAX_COEFFICIENT:
        return SEPARATED
    if not converged and state.round < most_rounds:
        return State(state.round + 1, following, (state.coefficients, totals))
    why = None
    if not converged:
        before = state.accepted[1] if state.accepted else None
        stalled = before is not None and longest > 0.5 and before.deviance - totals.deviance < 0.01 * before.deviance
        errors = f"{math.sqrt(max(0.0, decrement)):.3f}".rstrip("0").rstrip(".")
        why = f"not converged in {state.round} rounds" + (
            f", and looks as if it never would: {SEPARATED}" if stalled else f": the last step was {errors} standard errors; allow more rounds")
    return Fit(list(following), covariance, totals.deviance, why)


def _halved(state: State, at: tuple, best: Totals, most_rounds: int) -> "State | Fit | str":
    """The step from the last good coefficients was too long."""
    if state.halvings < MAX_HALVINGS and state.round < most_rounds:
        return State(state.round + 1, tuple(b / 2 + a / 2 for b, a in zip(state.coefficients, at)), state.accepted, state.halvings + 1)
    found = factor(best.information)
    return NOT_APART if found is None else Fit(
        list(at), found.inverse(), best.deviance, f"not converged in {state.round} rounds: every step from the last coefficients makes the deviance greater")


def step(block: Block, cells: list, state: State | None, scope: Scope) -> "State | Fit | str":
    """Newton's step from a round's cells. Without a state only this round is known, which is then the last."""
    more, measure = block.more, block.measures[0]
    variance = [(more["residual_unit"] * scope.deviation(2 + i)) ** 2 for i in range(len(more["names"]))]
    # What noise adds to a deviance in one of a thousand rounds.
    noise = more["deviance_unit"] * scope.half_width(1, 0.001)
    return newton(state or State(1, tuple(measure["coefficients"])), Totals.of(block, cells), measure["iterations"] if state else 1, noise, variance)


def release(block: Block, scope: Scope) -> list:
    """Coefficients, standard errors and ratios where one round's step leads."""
    measure, names = block.measures[0], block.more["names"]
    ratio = "odds_ratio" if KINDS[measure["kind"] - 1] == "logistic" else "rate_ratio"
    bare = [scope.bare(measure, "", "deviance")]
    bare += [scope.bare(measure, f"[{name}]", q) for name in names for q in ("", "se", "z", "p", ratio, "ci_low", "ci_high")]
    count = [scope.counted(scope.bare(measure, "", "n"), 0)]
    if scope.too_few(scope.cells[0]):
        return count + [scope.withhold(b) for b in bare]
    z = tails.normal_quantile(scope.confidence)

    def values(cells: list) -> list:
        found = step(block, cells[0], None, scope)
        if not isinstance(found, Fit):
            return [NONE] * len(bare)
        fit = found.in_units(block.more["terms"])
        out = [fit.deviance]
        for i, value in enumerate(fit.coefficients):
            error = math.sqrt(max(0.0, fit.covariance[i][i]))
            out += [value, error, value / error, tails.normal(value / error), *(_exp(x) for x in (value, value - z * error, value + z * error))] if error > 0 else [
                value] + [NONE] * 6
        return out
    released = step(block, scope.cells, None, scope)
    return count + drawn([scope], bare, values, released if isinstance(released, str) else None)


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf
