"""The totals of one block in one group, or of all groups added up, with what is known of their noise; and the statistics that are told of them."""

import dataclasses
import math
from collections.abc import Callable

from ..analysis import KINDS
from .draws import METHOD_FAILS, Simulation
from .layout import Block, Layout, named
from .noise import NoiseSum, single_half_width

REPAIRS = frozenset(("zero", "definite", "monotone"))
COUNTED = ("count", "histogram", "compare", "contingency", "top")


@dataclasses.dataclass
class Statistic:
    """One number with the interval of its noise; value, low and high are None where it is withheld."""

    name: str
    measure: str
    kind: str
    group: str
    quantity: str
    unit: str
    contributors: int
    confidence: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    withheld: str = ""

    @property
    def is_rows(self) -> bool:
        """Whether it is a number of rows."""
        return self.kind in COUNTED if not self.quantity else self.quantity in ("n", "events", "others", "at_risk")

    def told(self, value: float, low: float, high: float, unit: str | None = None) -> "Statistic":
        """The same with its value and interval."""
        return dataclasses.replace(self, value=value, low=low, high=high, unit=self.unit if unit is None else unit)

    def undetermined(self, why: str) -> "Statistic":
        """The same without a value, since the totals do not tell."""
        return dataclasses.replace(self, value=None, low=None, high=None, withheld=f"not determined: {why}")


class Scope:
    """The cells of a block with noise, of so many outposts and groups."""

    def __init__(self, layout: Layout, block: Block, group: str, cells: list, contributors: int, groups: int, confidence: float, cohort: int,
                 repairs: frozenset = REPAIRS):
        self.layout, self.block, self.group, self.cells, self.contributors = layout, block, group, cells, contributors
        self.confidence, self.alpha, self.cohort = confidence, 1 - confidence, cohort
        self.draws = layout.draws(contributors * groups)
        self.monotone, self.definite = "monotone" in repairs, "definite" in repairs
        self.drawn: dict = {}       # what Simulation drew

    def half_width(self, cell: int, alpha: float) -> float:
        """Of one cell."""
        return 0.0 if self.draws == 0 else single_half_width(self.block.cells[cell].noise.scale, self.draws, alpha)

    def deviation(self, cell: int) -> float:
        """The standard deviation of one cell's noise."""
        return math.sqrt(self.block.cells[cell].noise.variance * self.draws)

    def noise(self, *terms: tuple) -> NoiseSum:
        """The noise of a linear combination: (cell, coefficient), or (cell, coefficient, how many such cells)."""
        return NoiseSum([(term[1], self.block.cells[term[0]].noise, self.draws * (term[2] if len(term) > 2 else 1)) for term in terms])

    def too_few(self, rows: float) -> bool:
        """Whether so many rows are below the minimum cohort."""
        return self.cohort > 0 and rows < self.cohort

    def bare(self, measure: dict | str, bin_name: str = "", quantity: str = "", unit: str = "", kind: str | None = None) -> Statistic:
        """A statistic of a measure without its value yet."""
        name, kind = (measure, kind or "count") if isinstance(measure, str) else (named(measure), KINDS[measure["kind"] - 1])
        whole = f"{name}{bin_name}{' ' + quantity if quantity else ''}"
        return Statistic(whole + (f"{{{self.group}}}" if self.group else ""), name, kind, self.group, quantity, unit, self.contributors, self.confidence)

    def between(self, measure: dict, bin_name: str = "", quantity: str = "", unit: str = "") -> Statistic:
        """The same of a statistic that compares the groups and belongs to none."""
        bare = self.bare(measure, bin_name, quantity, unit)
        return dataclasses.replace(bare, name=f"{bare.measure}{bin_name}{' ' + quantity if quantity else ''}", group="")

    def withhold(self, bare: Statistic) -> Statistic:
        """Not shown: it rests on too few rows."""
        return dataclasses.replace(bare, withheld=f"fewer than {self.cohort} rows")

    def counted(self, bare: Statistic, cell: int) -> Statistic:
        """A number of rows that is one cell."""
        value = self.cells[cell]
        if self.too_few(value):
            return self.withhold(bare)
        half = self.half_width(cell, self.alpha)
        return bare.told(value, value - half, value + half)


def drawn(scopes: list, bare: list, values: Callable[[list], list], why: str | None = None) -> list:
    """Statistics with intervals by drawing the noise anew. values: from the cells of each scope to one number a statistic."""
    found = Simulation(scopes, scopes[0].alpha).intervals(values)
    return [b.told(*f) if f else b.undetermined(why or METHOD_FAILS) for b, f in zip(bare, found)]


def few_or_near(sums: list) -> tuple:
    """Of rows and columns of a table, (name, [(scope, cell)]) each: whether one is below the minimum cohort, and why nothing can be said if one may be of nobody."""
    few, near = False, None
    for name, cells in sums:
        rows = sum(scope.cells[i] for scope, i in cells)
        few = few or cells[0][0].too_few(rows)
        noise = NoiseSum([(1.0, scope.block.cells[i].noise, scope.draws) for scope, i in cells])
        if near is None and rows <= noise.half_width(cells[0][0].alpha):
            near = f"the rows of {name} are within their noise of 0"
    return few, near
