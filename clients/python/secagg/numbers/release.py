"""From the opened totals to the statistics of a question, in the order in which every program of this project lists them."""

import dataclasses

from . import cross, curves, model, moments, ranks, tables
from .layout import NONE, Block, Layout
from .scope import REPAIRS, Scope, Statistic

SMALLEST_EXACT = 11
RELEASE = {"rows": lambda block, scope: [scope.counted(scope.bare(block.measures[0]), 0)], "moments": moments.release, "histogram": tables.release_histogram,
           "keys": tables.release_keys, "contingency": tables.release_contingency, "quantiles": ranks.release, "survival": curves.release_survival,
           "roc": curves.release_roc, "incidence": curves.release_incidence, "cross": cross.release, "logistic": model.release, "poisson": model.release}
COMPARE = {"moments": moments.compare, "histogram": tables.compare_histogram, "survival": curves.compare_survival}


def release(layout: Layout, totals: list, contributors: int, confidence: float = 0.95, cohort: int = 10, repairs: list | None = None) -> list:
    """The statistics of a round: of a grouped question first those of all groups together, then each group's, then what compares them.

    totals: Layout.centred. contributors: how many outposts are in them. cohort: numbers that rest on fewer rows are withheld. repairs: of REPAIRS; all of them if None.
    """
    repairs = REPAIRS if repairs is None else frozenset(repairs)
    if not 0.5 <= confidence <= 0.999999 or not repairs <= REPAIRS:
        raise ValueError(f"confidence must be 0.5 to 0.999999, and repairs some of {', '.join(sorted(REPAIRS))}")
    if len(totals) != layout.length or not 1 <= contributors <= layout.invited:
        raise ValueError("the totals are of another question")
    if layout.mode == NONE:
        cohort = max(cohort, SMALLEST_EXACT)
    many = len(layout.groups)

    def scope(block: Block, name: str, groups: list) -> Scope:
        starts = [group * layout.cells_per_group + block.offset for group in groups]
        cells = [float(sum(totals[start + i] for start in starts)) for i in range(len(block.cells))]
        return Scope(layout, block, name, cells, contributors, len(groups), confidence, cohort, repairs)
    out: list[Statistic] = []
    if many > 1:
        for block in layout.blocks:
            out += RELEASE[block.kind](block, scope(block, "", list(range(many))))
    columns = [group["column"] for group in layout.analysis.get("group_by", [])]
    scopes = [[scope(block, ",".join(f"{c}={key}" for c, key in zip(columns, keys)), [g]) for block in layout.blocks] for g, keys in enumerate(layout.groups)]
    for row in scopes:
        for one in row:
            out += RELEASE[one.block.kind](one.block, one)
    if many > 1:
        for i, block in enumerate(layout.blocks):
            out += COMPARE.get(block.kind, lambda *_: [])(block, [row[i] for row in scopes])
    if "zero" in repairs:
        out = [dataclasses.replace(s, value=max(0.0, s.value), low=max(0.0, s.low), high=max(0.0, s.high)) if s.is_rows and s.value is not None else s for s in out]
    return _exact(out) if layout.mode == NONE else out


def _exact(statistics: list) -> list:
    """Totals without noise: small counts are kept from view, also those that two shown counts would give away."""
    def is_count(s: Statistic) -> bool:
        return s.value is not None and (s.kind == "count" or s.quantity == "n")
    shown: list = []
    for count in sorted({s.value for s in statistics if is_count(s)}):
        if not shown or count - shown[-1] >= SMALLEST_EXACT:
            shown.append(count)
    return [s if s.value is None else s.told(s.value, s.value, s.value) if not is_count(s) or s.value in shown else dataclasses.replace(
        s, value=None, low=None, high=None, withheld=f"fewer than {SMALLEST_EXACT} rows lie between it and another count") for s in statistics]
