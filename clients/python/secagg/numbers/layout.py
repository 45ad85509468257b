"""From a signed question to the vector that its round sums: which cells there are, how much noise hides one person in each, and how wide an element is.

Derived from the question alone, in whole-number arithmetic, so that everybody gets the same.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from ..analysis import CATEGORY, DATE, INTEGER, KINDS, NUMBER, shortest
from .noise import Noise, bound

LOCAL, DISTRIBUTED, NONE = 1, 2, 3
MOST_CELLS = 1 << 20


class LayoutError(ValueError):
    """A question has no such vector."""


@dataclass(frozen=True)
class Cell:
    """One whole number of a group: what it sums, the most that one row adds, and one draw of its noise."""

    name: str
    most: int
    noise: Noise


class Quantiser:
    """A bounded column as whole numbers z from -steps to steps, half steps from the middle of the bounds."""

    def __init__(self, column: dict, cap: int):
        self.low, self.high = column["low"], column["high"]
        resolution = column.get("resolution") or (1.0 if column["type"] in (INTEGER, DATE) else 0.0)
        steps = (self.high - self.low) / resolution if resolution > 0 else 0.0
        exact = 1 <= steps <= min(1 << 24, cap) and abs(steps - round(steps)) <= 1e-9 * steps
        self.steps = round(steps) if exact else cap
        self.middle, self.unit = (self.low + self.high) / 2, (self.high - self.low) / self.steps / 2
        self.divisor = -(-self.steps * self.steps // cap)
        self.most_square = divided(self.steps * self.steps, self.divisor)


@dataclass(frozen=True)
class Term:
    """One term of a model or matrix: a number column, or one label of a category."""

    name: str
    variable: int
    quantiser: Quantiser | None

    @property
    def most(self) -> int:
        return self.quantiser.steps if self.quantiser else 1

    @property
    def middle(self) -> float:
        return self.quantiser.middle if self.quantiser else 0.0

    @property
    def unit(self) -> float:
        return self.quantiser.unit if self.quantiser else 1.0


@dataclass
class Block:
    """Cells that belong together and are paid for once."""

    kind: str
    measures: list
    column: dict | None = None
    offset: int = 0
    cells: list = field(default_factory=list)
    starts: list = field(default_factory=list)
    more: dict = field(default_factory=dict)      # what a kind needs beyond: quantiser, edges, terms, places, …


def divided(value: int, divisor: int) -> int:
    """Rounded half to even."""
    return round(Fraction(value, divisor))


def thousandths(*segments: tuple) -> list:
    """The parts of epsilon that segments get: (cells, coefficient as text, how many of them one row changes) each."""
    def weight(cells: int, coefficient: str, together: int) -> int:
        both = int(Fraction(coefficient) * 10**28) * together
        return cube_root(both * both * cells << 192)
    weights, least = [weight(*segment) for segment in segments], set()
    while True:
        rest, total = 1000 - len(least), sum(w for i, w in enumerate(weights) if i not in least)
        more = False
        for i, w in enumerate(weights):
            if i not in least and w * rest < total:
                least.add(i)
                more = True
        if not more:
            break
    parts = [1 if i in least else w * rest // total for i, w in enumerate(weights)]
    rests = sorted((i for i in range(len(weights)) if i not in least), key=lambda i: (-(weights[i] * rest % total), i))
    for i in rests[:1000 - sum(parts)]:
        parts[i] += 1
    return parts


def cube_root(value: int) -> int:
    """Rounded down."""
    root = 1 << value.bit_length() // 3 + 1
    while True:
        following = (2 * root + value // (root * root)) // 3
        if following >= root:
            return root
        root = following


def described(analysis: dict) -> dict:
    """All columns of an analysis by name, the derived ones among them."""
    columns = {column["name"]: column for column in analysis.get("columns", [])}
    for made in analysis.get("derived", []):
        name = made["name"]
        if "bins" in made:
            column = {"type": CATEGORY, "categories": made["bins"]["labels"]}
        elif "recode" in made:
            labels, other = [item["label"] for item in made["recode"]["map"]], made["recode"].get("else")
            column = {"type": CATEGORY, "categories": labels + ([other] if other is not None and other not in labels else [])}
        elif "ratio" in made:
            column = {"low": 0.0, "high": 0.0} | {key: value for key, value in made["ratio"].items() if key in ("low", "high", "unit", "resolution")} | {"type": NUMBER}
        else:
            interval = made.get("age") or made["days"]
            column = {"type": INTEGER, "low": float(interval.get("low", 0)), "high": float(interval.get("high", 0)), "unit": "years" if "age" in made else "days"}
        columns[name] = column | {"name": name}
    return columns


def named(measure: dict) -> str:
    """A measure's name in answers."""
    word, columns = KINDS[measure["kind"] - 1], measure.get("columns", [])
    if word in ("linear", "logistic", "poisson"):
        return f"{word}({columns[0]} ~ {' + '.join(columns[1:])})"
    return f"{word}({', '.join(columns)})" if columns else word


def bin_name(edges: list, i: int) -> str:
    """[30,40), the last one closed."""
    return f"[{shortest(edges[i])},{shortest(edges[i + 1])}{']' if i + 2 == len(edges) else ')'}"


class Layout:
    """The vector of a question. invited: how many outposts may send one; honest: so many shares of noise make a draw, where it is distributed."""

    def __init__(self, analysis: dict, epsilon_micro: int, mode: int, invited: int, honest: int):
        self.analysis, self.epsilon, self.mode, self.invited, self.honest = analysis, epsilon_micro, mode, invited, honest
        self.columns = described(analysis)
        self.groups: list = [[]]
        for group in analysis.get("group_by", []):
            self.groups = [[*before, key] for before in self.groups for key in group["keys"]]
        self.rows_per_party = analysis["rows_per_party"]
        self.cap, self.fine = self._cap(30), self._cap(36)
        self._rows = analysis["rows_per_person"] * min(analysis["groups_per_person"], len(self.groups))
        bundles: dict = {}
        for measure in analysis["measures"]:
            bundles.setdefault(self._key(measure), []).append(measure)
        self.total_weight = sum(max(m["weight"] for m in bundle) for bundle in bundles.values())
        self.blocks, self.cells_per_group = [], 0
        for (what, _), measures in bundles.items():
            block = Block(what, measures, self.columns[measures[0]["columns"][0]] if measures[0].get("columns") else None, self.cells_per_group)
            self._weight = max(m["weight"] for m in measures)
            getattr(self, "_lay_" + ("model" if what in ("logistic", "poisson") else what))(block)
            self.blocks.append(block)
            self.cells_per_group += len(block.cells)
        self.length = self.cells_per_group * len(self.groups)
        if self.length > MOST_CELLS:
            raise LayoutError(f"the question makes {self.length} cells; at most {MOST_CELLS}")
        self.bits = self._bits()

    def draws(self, parties: int) -> float:
        """How many whole draws the noise of so many outposts amounts to."""
        return parties if self.mode == LOCAL else parties / self.honest if self.mode == DISTRIBUTED else 0

    def _key(self, measure: dict) -> tuple:
        word, columns = KINDS[measure["kind"] - 1], measure.get("columns", [])
        if word in ("distinct", "top"):
            return "keys", columns[0]
        if word in ("count", "sum", "mean", "variance", "sd", "compare"):
            if not columns:
                return "rows", ""
            return "histogram" if word == "compare" and self.columns[columns[0]]["type"] == CATEGORY else "moments", columns[0]
        if word in ("covariance", "correlation", "pca", "linear"):
            word = "cross"
        return word, "\n".join(columns)

    def _cap(self, most: int) -> int:
        for bits in range(most, 15, -1):
            if self.invited * self.rows_per_party << bits <= 1 << 62:
                return 1 << bits
        raise LayoutError("so many rows need more than 64 bits an element")

    def _bits(self) -> int:
        tail = 100 + self.length.bit_length()
        kinds = {(cell.most, cell.noise.scale) for block in self.blocks for cell in block.cells}
        most = max(self.invited * self.rows_per_party * most + (0 if self.mode == NONE else bound(scale, self.draws(self.invited), tail)) for most, scale in kinds)
        bits = most.bit_length() + 1
        if bits > 64:
            raise LayoutError(f"the question needs {bits} bits an element; at most 64")
        return max(bits, 8)

    def _add(self, block: Block, together: int, share: int, cells: list) -> None:
        """A segment: of one row at most `together` of its cells are not 0; share in thousandths of the block's epsilon."""
        block.starts.append(len(block.cells))
        noises: dict = {}
        for name, most in cells:
            if most not in noises:
                noises[most] = Noise(Fraction(most * self._rows * together * 1_000_000 * self.total_weight * 1000, self.epsilon * self._weight * share))
            block.cells.append(Cell(name, most, noises[most]))

    def _lay_rows(self, block: Block) -> None:
        self._add(block, 1, 1000, [("n", 1)])

    def _lay_histogram(self, block: Block) -> None:
        edges = block.measures[0].get("edges", [])
        names = [f"[{label}]" for label in block.column["categories"]] if block.column["type"] == CATEGORY else [
            *(bin_name(edges, i) for i in range(len(edges) - 1)), "[outside]"]
        self._add(block, 1, 1000, [(name, 1) for name in names])

    def _lay_keys(self, block: Block) -> None:
        self._add(block, 1, 1000, [(f"[{label}]", 1) for label in block.column["categories"]])

    def _lay_contingency(self, block: Block) -> None:
        rows, across = (group["keys"] for group in block.measures[0]["keys"])
        self._add(block, 1, 1000, [(f"[{row},{column}]", 1) for row in rows for column in across])

    def _lay_moments(self, block: Block) -> None:
        words = {KINDS[m["kind"] - 1] for m in block.measures}
        depth = 1 if words <= {"count"} else 2 if words <= {"count", "sum", "mean"} else 3
        if depth == 1:
            return self._add(block, 1, 1000, [("n", 1)])
        quantiser = block.more["quantiser"] = Quantiser(block.column, self.cap)
        shares = thousandths((1, "0.5", 1), (1, "1", 1)) if depth == 2 else thousandths((1, "0.64", 1), (1, "1", 1), (1, "0.5", 1))
        for share, cell in zip(shares, [("n", 1), ("sum", quantiser.steps), ("squares", quantiser.most_square)]):
            self._add(block, 1, share, [cell])

    def _lay_quantiles(self, block: Block) -> None:
        column, edges = block.column, block.measures[0]["edges"]
        low, high = column.get("low"), column.get("high")
        below, above = int(low is None or low < edges[0]), int(high is None or high > edges[-1])
        leaves = [-math.inf if low is None else low][:below] + edges + [math.inf if high is None else high][:above]
        count = len(leaves) - 1
        root = math.isqrt(count)
        stretch = root + (root * root < count) if len(edges) - 1 > 100 else count
        block.more |= {"edges": edges, "leaves": leaves, "below": below, "stretch": stretch, "half_widths": {}}
        names = [(f"bin {i}", 1) for i in range(count)]
        self._add(block, 1, 1000 if stretch == count else 500, names)
        if stretch != count:
            self._add(block, 1, 500, [(f"stretch {i}", 1) for i in range(-(-count // stretch))])

    def event(self, name: str) -> str:
        """What a column with two outcomes calls the event."""
        column = self.columns[name]
        return f"{name}={column['categories'][1] if column['type'] == CATEGORY else 1}"

    def _lay_survival(self, block: Block) -> None:
        edges = block.more["edges"] = block.measures[0]["edges"]
        names = [bin_name(edges, i) for i in range(len(edges) - 1)]
        self._add(block, 1, 1000, [(f"{n} event", 1) for n in names] + [(f"{n} censored", 1) for n in names] + [("later", 1)])

    def _lay_roc(self, block: Block) -> None:
        edges = block.more["edges"] = block.measures[0]["edges"]
        names = [bin_name(edges, i) for i in range(len(edges) - 1)]
        block.more["event"] = self.event(block.measures[0]["columns"][1])
        self._add(block, 1, 1000, [(f"{n} event", 1) for n in names] + [(f"{n} others", 1) for n in names])

    def _lay_incidence(self, block: Block) -> None:
        quantiser = block.more["quantiser"] = Quantiser(block.column, self.cap)
        for share, cell in zip(thousandths((1, "0.2", 1), (1, "1", 1), (1, "0.2", 1)), [("n", 1), ("events", 1), ("time", quantiser.steps)]):
            self._add(block, 1, share, [cell])

    def _terms(self, names: list) -> tuple:
        """Terms of columns, and how many of the columns are numbers."""
        terms, numbers = [], 0
        for i, name in enumerate(names):
            column = self.columns[name]
            if column["type"] == CATEGORY:
                terms += [Term(f"{name}={label}", i, None) for label in column["categories"][1:]]
            else:
                numbers += 1
                terms.append(Term(name, i, Quantiser(column, self.cap)))
        return terms, numbers

    def _lay_cross(self, block: Block) -> None:
        names = block.measures[0]["columns"]
        terms, numbers = self._terms(names)
        places, products, variables = {}, [], len(names)
        for i, a in enumerate(terms):
            for j in range(i, len(terms)):
                b = terms[j]
                if a.variable == b.variable and a.quantiser is None:
                    continue
                most = a.most * b.most
                divisor = -(-most // self.cap)
                places[i, j] = 1 + len(terms) + len(products), divisor
                products.append((f"{a.name}·{b.name}", divided(most, divisor)))
        pairs = variables * (variables - 1) // 2 + numbers
        shares = thousandths((1, "0.25", 1), (len(terms), "0.5", variables), (len(products), "1", pairs))
        block.more |= {"terms": terms, "places": places, "units": [self.columns[names[t.variable]].get("unit", "") for t in terms]}
        self._add(block, 1, shares[0], [("n", 1)])
        self._add(block, variables, shares[1], [(t.name, t.most) for t in terms])
        self._add(block, pairs, shares[2], products)

    def _lay_model(self, block: Block) -> None:
        measure, fine = block.measures[0], self.fine
        terms, numbers = self._terms(measure["columns"][1:])
        names = ["(intercept)", *(t.name for t in terms)]
        if len(measure.get("coefficients", [])) != len(names):
            raise LayoutError(f"{named(measure)} needs {len(names)} coefficients")
        places, products = {}, 0
        for i in range(len(names)):
            for j in range(i, len(names)):
                if i > 0 and terms[i - 1].quantiser is None and terms[i - 1].variable == terms[j - 1].variable:
                    continue
                places[i, j] = 2 + len(names) + products
                products += 1
        d = len(measure["columns"])
        pairs = d * (d - 1) // 2 + numbers + 1
        shares = thousandths((1, "0.05", 1), (1, "0.1", 1), (len(names), "1", d), (products, "0.25", pairs))
        block.more |= {"terms": terms, "names": names, "places": places, "weight_unit": measure["weight_bound"] / 4 / fine,
                       "residual_unit": measure["residual_bound"] / fine, "deviance_unit": measure["deviance_bound"] / fine}
        self._add(block, 1, shares[0], [("n", 1)])
        self._add(block, 1, shares[1], [("deviance", fine)])
        self._add(block, d, shares[2], [(name, fine) for name in names])
        self._add(block, pairs, shares[3], [("matrix", fine)] * products)

    def centred(self, packed: bytes, bits: int) -> list:
        """The totals as signed numbers. packed: `length` elements of `bits` bits each, the first in the lowest bits."""
        if bits != self.bits or len(packed) != -(-self.bits * self.length // 8):
            raise LayoutError(f"the total is of another shape than the question's vector of {self.length} elements of {self.bits} bits")
        number, mask, half = int.from_bytes(packed, "little"), (1 << bits) - 1, 1 << bits - 1
        if self.length > 4096 and bits % 8 == 0:
            wide = bits // 8
            elements = [int.from_bytes(packed[i:i + wide], "little") for i in range(0, len(packed), wide)]
        else:
            elements = _split(number, bits, self.length, mask)
        return [e - (1 << bits) if e >= half else e for e in elements]


def _split(number: int, bits: int, count: int, mask: int) -> list:
    """Elements of a long number; by halves, so that a long vector does not take the square of its length."""
    if count <= 64:
        return [number >> i * bits & mask for i in range(count)]
    half = count // 2
    return _split(number & (1 << half * bits) - 1, bits, half, mask) + _split(number >> half * bits, bits, count - half, mask)
