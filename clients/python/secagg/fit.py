"""A regression over several rounds, as whoever asks sees it: the question of the next round, then its total, until it has converged, the rounds are used up,
or it is plain that it never would. The question's epsilon is for all rounds; each gets an equal part, rounded down."""

from decimal import Decimal

from .analysis import demand
from .numbers import Layout, release
from .numbers.model import Fit, State, Totals, step
from .numbers.scope import Scope
from .question import micro

WORDS = ("logistic", "poisson")


def is_fitted(query: dict) -> bool:
    """Whether a query is answered by several rounds."""
    return any(isinstance(measure, dict) and any(word in measure for word in WORDS) for measure in query.get("measures") or ())


class ModelFit:
    """A fit before its first round. `next` is the query of the round that comes, `at` its coefficients; both are None when the fit is over."""

    def __init__(self, query: dict, confidence: float = 0.95):
        demand(is_fitted(query) and len(query["measures"]) == 1, "a logistic or Poisson regression takes several rounds, and must be a query's only measure")
        word = next(word for word in WORDS if word in query["measures"][0])
        asked = query["measures"][0][word]
        self.iterations = asked.get("iterations", 8) if isinstance(asked, dict) else 8
        demand(isinstance(self.iterations, int) and self.iterations >= 1, f"iterations is {self.iterations!r}; it must be 1 to 25")
        part = micro(query["epsilon"]) // self.iterations
        demand(part > 0, f"epsilon is {query['epsilon']} for {self.iterations} rounds, less than a millionth for each; raise epsilon or lower iterations")
        self.confidence = confidence
        self.next: dict | None = query | {"epsilon": Decimal(part) / 1_000_000}
        self.at: list | None = None             # None: all 0, where every fit begins
        self.rounds, self.failure = 0, ""
        self.deviances: list[float] = []        # at the coefficients of each round, noise included
        self.coefficients: list[float] = []     # after the last step, in the columns' own units: the intercept, then one a term
        self.terms: list[str] = []
        self._last: tuple = ()                  # layout, totals and contributors of the last round
        self._state: State | None = None

    @property
    def converged(self) -> bool:
        """Whether the coefficients are those of the greatest likelihood, to within the noise."""
        return self.next is None and not self.failure

    @property
    def statistics(self) -> list:
        """Of the last round: coefficients, standard errors, ratios, with intervals."""
        return release(*self._last, self.confidence) if self._last else []

    def add(self, layout: Layout, totals: list, contributors: int) -> None:
        """Takes the total of the round that `next` asked for."""
        demand(self.next is not None and len(layout.blocks) == 1 and layout.blocks[0].kind in WORDS, "the total is of another question than the fit's")
        block = layout.blocks[0]
        self._last = layout, totals, contributors
        scope = Scope(layout, block, "", [float(t) for t in totals], contributors, 1, self.confidence, 10)
        self.terms = block.more["names"]
        self.deviances.append(Totals.of(block, scope.cells).deviance)
        self.rounds += 1
        found = step(block, scope.cells, self._state or State(1, (0.0,) * len(self.terms)), scope)
        if isinstance(found, State):
            self._state, self.at = found, list(found.coefficients)
            return
        self.next = self.at = None
        if isinstance(found, Fit):
            self.coefficients, self.failure = found.in_units(block.more["terms"]).coefficients, found.not_converged or ""
        else:
            self.failure = found

    def __str__(self) -> str:
        return f"{self.rounds} rounds, {'converged' if self.converged else self.failure or 'not over'}"
