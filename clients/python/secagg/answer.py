"""Answers: numbers with intervals, computed here from the verified total and held against what the station says of it."""

import collections.abc
import math
from dataclasses import dataclass

from .evidence import Evidence, EvidenceError
from .numbers import Layout, LayoutError, release
from .wire import decode

# Of a number's interval: how far two programs may be apart. Values are the same but for rounding; ends come from searches that stop at a ten-thousandth,
# and from draws of noise that rounding could send another way.
VALUES, ENDS, ROUNDING = 1e-6, 0.02, 1e-9


@dataclass(frozen=True)
class Number:
    """One number with the interval of its privacy noise; value, low and high are None where it was withheld, which says why."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    unit: str
    group: str
    measure: str
    withheld: str
    contributors: int

    @classmethod
    def of(cls, said: dict) -> "Number":
        """As the station says it."""
        return cls(*(said[field] for field in cls.__dataclass_fields__))

    def __str__(self):
        if self.value is None:
            return f"{self.name}: {self.withheld or 'not determined'}"
        return f"{self.name}: {self.value:.6g} ({self.low:.6g} to {self.high:.6g}){' ' + self.unit if self.unit else ''}"


def differs(found, said: dict) -> bool:
    """Whether the station says another number than the total gives; `found` has value, low and high."""
    pairs = [(found.value, said["value"]), (found.low, said["low"]), (found.high, said["high"])]
    if any((a is None or not math.isfinite(a)) != (b is None) for a, b in pairs):
        return True
    if found.value is None:
        return False
    width = found.high - found.low
    return any(b is not None and not abs(a - b) <= share * width + ROUNDING * max(abs(a), abs(b)) for (a, b), share in zip(pairs, (VALUES, ENDS, ENDS)))


def reckon(evidence: Evidence, roster, confidence: float = 0.95, repairs=None) -> list:
    """The statistics of a round's verified total."""
    return release(*opened(evidence, roster), evidence.contributors, confidence, repairs=repairs)


def opened(evidence: Evidence, roster) -> tuple:
    """The layout of the question that a round answered, and its total as signed numbers."""
    query = decode("Query", evidence.query)
    try:
        layout = Layout(decode("Analysis", query["analysis"]), query["epsilon_micro"], query["noise"], evidence.invited, roster.honest_floor(query.get("min_survivors", 0)))
        return layout, layout.centred(evidence.packed, evidence.bits)
    except LayoutError as fault:
        raise EvidenceError(f"round {evidence.round} is sound, but {fault}") from None


def require_same(found: list, said: list, round_id: str) -> None:
    """Holds the station's numbers against those of the total."""
    names = [item["name"] for item in said]
    if names != [statistic.name for statistic in found]:
        raise EvidenceError(f"round {round_id} is sound, but the station tells other numbers of it: {set(names) ^ {s.name for s in found}}")
    for statistic, item in zip(found, said):
        if differs(statistic, item) or statistic.unit != item["unit"] or statistic.contributors != item["contributors"]:
            raise EvidenceError(f"round {round_id} is sound, but the station says {Number.of(item)}, and the total gives {Number.of(vars(statistic))}")


class Answer(collections.abc.Mapping):
    """Numbers by name. `evidence` is what was checked; with it the numbers were computed here from the checked total, without it they are the station's word.

    fit: how a regression over several rounds went, else None; job, evidence and signed are then those of the last round, evidences those of all.
    """

    def __init__(self, job, statistics, signed, evidences, fit=None):
        self.job, self.signed, self.evidences, self.fit = job, signed, evidences, fit
        self.evidence = evidences[-1] if evidences else None
        self._numbers = {item["name"]: Number.of(item) for item in statistics}

    def __getitem__(self, name):
        try:
            return self._numbers[name]
        except KeyError:
            raise KeyError(f"the answer has no {name!r}; it has {', '.join(list(self._numbers)[:20])}") from None

    def __iter__(self):
        return iter(self._numbers)

    def __len__(self):
        return len(self._numbers)

    def __str__(self):
        return "\n".join(map(str, self._numbers.values()))
