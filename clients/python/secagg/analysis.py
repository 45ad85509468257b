"""From a query as people write it (docs/queries.md, as Python's dicts and lists) and a dataset's schema to the Analysis that is signed.

Everything in it comes from the query or the schema, nothing from data. The outposts decide by these bytes, and refuse what breaks a rule; what is checked here
is what a person would want to know before, and all that decides which bytes come out.
"""

import datetime
import math
from decimal import Decimal

from .wire import encode

KINDS = ("count", "sum", "mean", "variance", "sd", "histogram", "quantiles", "compare", "contingency", "covariance", "correlation", "pca", "linear", "logistic",
         "poisson", "survival", "incidence", "roc", "distinct", "top")
QUANTILES = {"quantiles": (0.25, 0.5, 0.75), "median": (0.5,), "iqr": (0.25, 0.75), "box": (0.01, 0.25, 0.5, 0.75, 0.99)}
WORDS = KINDS + ("median", "iqr", "box")
EXTREMES = ("min", "max", "minimum", "maximum", "range")
OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge")
INTEGER, NUMBER, CATEGORY, DATE = 1, 2, 3, 4
KEYS = {"name", "dataset", "epsilon", "noise", "min_survivors", "study", "measures", "derive", "group_by", "where", "rows_per_person", "groups_per_person",
        "rows_per_party", "repairs", "clamp"}
MOST_BYTES = 1 << 16
MOST_BINS = 1000
MOST_BOUND = 1_000_000
EPOCH = datetime.date(1970, 1, 1).toordinal()


class QueryError(ValueError):
    """The query cannot be asked as it is; the message names the thing, the rule and the fix."""


def demand(condition, text):
    if not condition:
        raise QueryError(text)


def compile_query(query, schema, coefficients=None):
    """The canonical bytes of the Analysis that a query asks of a dataset.

    query: a mapping in the form of docs/queries.md. schema: the decoded DatasetSchema. coefficients: of a regression's later round, where it is computed.
    """
    analysis = _Resolver(query, schema).resolve()
    if coefficients is not None:
        analysis["measures"][0]["coefficients"] = list(coefficients)
    data = encode("Analysis", analysis)
    demand(len(data) <= MOST_BYTES, f"the analysis takes more than {MOST_BYTES} bytes; ask for fewer bins, keys or listed values")
    return data


class _Resolver:
    def __init__(self, query, schema):
        keys(query, KEYS, "the query")
        demand(query.get("dataset") == schema["name"], f"the query asks dataset {query.get('dataset')!r}, but the schema describes {schema['name']!r}")
        demand(isinstance(query.get("measures"), list) and query["measures"], "measures must be a list with at least one measure, e.g. ['count', {'mean': 'age'}]")
        self.query, self.schema = query, schema
        self.own = {column["name"]: column for column in schema["columns"]}
        # What Dataset.clamp says holds for all measures that read the column.
        self.described, self.bounds = {}, {column: (edge(low, "low"), edge(high, "high")) for column, (low, high) in (query.get("clamp") or {}).items()}
        self.measures = [_Measure(entry) for entry in query["measures"]]
        for measure in self.measures:
            for column, given in measure.bounds.items():
                demand(self.bounds.setdefault(column, given) == given, f"{column!r} has two pairs of bounds; all measures of one column share one pair")
        for column in query.get("clamp") or ():
            demand(any(column in measure.columns for measure in self.measures), f"clamp names {column!r}, which no measure reads")
        self.derived = {}
        for name, definition in (query.get("derive") or {}).items():
            demand(name not in self.own, f"derive: {name!r} is a column of {schema['name']!r} already; choose another name")
            demand(name not in self.bounds, f"{name!r} is derived, so its bounds stand in derive; remove them from the measure")
            self.derived[name] = derived = _derive(name, definition, self.column)
            self.described[name] = derived.column

    def resolve(self):
        used, columns = set(), {}

        def use(name):
            if name in used:
                return
            used.add(name)
            if name in self.derived:
                for source in self.derived[name].sources:
                    use(source)
            else:
                # What the analysis does not need does not travel: it would only make the same question look different.
                columns[name] = self.column(name) | {"description": ""}

        query = self.query
        groups = [(column, texts(given, f"group_by: {column}")) for column, given in (query.get("group_by") or {}).items()]
        where = self.condition(query["where"], 1) if query.get("where") is not None else None
        for name in _named(where) if where else ():
            use(name)
        for column, _ in groups:
            use(column)
        for measure in self.measures:
            for name in measure.columns:
                use(name)
        return {
            "version": 1,
            "columns": [columns[name] for name in sorted(columns, key=lambda name: name.encode("utf-16-be"))],
            "measures": self.merged([measure.complete(self) for measure in self.measures]),
            "where": where,
            "group_by": [self.with_keys(column, given, "group_by") for column, given in groups],
            "row_rule": self.schema["row_rule"],
            "rows_per_person": whole(query.get("rows_per_person", 1), "rows_per_person"),
            "rows_per_party": whole(query.get("rows_per_party", 10_000_000), "rows_per_party"),
            "groups_per_person": whole(query.get("groups_per_person", 1), "groups_per_person"),
            "derived": [derived.message for name, derived in self.derived.items() if name in used],
        }

    def column(self, name):
        """A column as measures see it: derived, or the schema's with the query's bounds."""
        if name in self.described:
            return self.described[name]
        demand(name in self.own, f"dataset {self.schema['name']!r} has no column {name!r}; its columns, and those of derive: "
                                 f"{', '.join([*self.own, *(self.query.get('derive') or {})])}")
        column = dict(self.own[name])
        if given := self.bounds.get(name):
            low, high = given
            top = column.get("top_code")
            if low is not None:
                column["low"] = low
            if high is not None:
                # Values above a top code count as one more, so that a higher bound asks for the same.
                column["high"] = high if top is None or high <= top + 1 else top + 1
            demand(column.get("low") is not None and column.get("high") is not None and column["low"] < column["high"],
                   f"{name!r} has low {column.get('low')} and high {column.get('high')}; give both, low below high")
        self.described[name] = column
        return column

    def with_keys(self, column, given, what):
        described = self.column(column)
        if not given:
            given = described.get("categories", [])
        demand(given, f"{what}: {column!r} has no keys; list them. Keys that came from the data would tell who is in it")
        if described["type"] == CATEGORY:
            for key in given:
                demand(key in described["categories"], f"{what}: {column!r} has no category {key!r}; it has {', '.join(described['categories'])}")
        return {"column": column, "keys": list(given)}

    def edges(self, name, column, bins):
        """The bins of a column that a query leaves open."""
        described = self.column(column)
        demand(described["type"] != CATEGORY, f"{name}: {column!r} is a category and has no bins of numbers; ask for a histogram of it")
        low, high = described.get("low"), described.get("high")
        demand(low is not None and high is not None, f"{name} has no bins, and {column!r} has no bounds to make them from; give edges, never taken from the data")
        step = described.get("resolution") or (1.0 if described["type"] in (INTEGER, DATE) else None)
        if bins is None and step is not None:
            steps = round((high - low) / step)
            if steps < MOST_BINS and abs(low + steps * step - high) <= 1e-9 * max(abs(high), step):
                return even(low, step, steps + 1, high + step)
        count = 100 if bins is None else bins
        return even(low, (high - low) / count, count, high)

    @staticmethod
    def merged(measures):
        """Median, quartiles and box of one column are one measure, so that its bins are paid for once."""
        out, quantiles = [], {}
        for measure in measures:
            if measure["kind"] != KINDS.index("quantiles") + 1 or measure["columns"][0] not in quantiles:
                out.append(measure)
                if measure["kind"] == KINDS.index("quantiles") + 1:
                    quantiles[measure["columns"][0]] = measure
                continue
            first = quantiles[measure["columns"][0]]
            demand(first["edges"] == measure["edges"], f"the quantiles of {measure['columns'][0]!r} have two sets of bins; all quantiles of one column share one")
            first["at"] = sorted({*first["at"], *measure["at"]})
            first["weight"] = max(first["weight"], measure["weight"])
        return out

    def condition(self, node, depth):
        demand(isinstance(node, dict), "a condition of where must be a mapping, e.g. {'column': 'age', 'ge': 18}")
        demand(depth <= 16, "where is nested deeper than 16; flatten it")
        for word, field in (("and", "all"), ("or", "any")):
            if word in node:
                keys(node, {word}, "a condition of where")
                demand(isinstance(node[word], list) and node[word], f"where: {word!r} lists no condition; list at least one")
                return {field: {"items": [self.condition(item, depth + 1) for item in node[word]]}}
        if "not" in node:
            keys(node, {"not"}, "a condition of where")
            return {"negated": self.condition(node["not"], depth + 1)}
        keys(node, {"column", "in", "between", "is_null", *OPERATORS}, "a condition of where")
        column = text(node.get("column"), "column")
        found = [{"comparison": {"column": column, "operator": number, "value": self.value(column, node[word])}}
                 for number, word in enumerate(OPERATORS, 1) if word in node]
        if "in" in node:
            found.append({"membership": {"column": column, "values": [self.value(column, item) for item in node["in"]]}})
        if "between" in node:
            found.append(self.between(column, node["between"]))
        if "is_null" in node:
            demand(isinstance(node["is_null"], bool), "is_null must be True or False")
            missing = {"is_null": column}
            found.append(missing if node["is_null"] else {"negated": missing})
        demand(found, f"the condition on {column!r} compares with nothing; add one of {', '.join(OPERATORS)}, in, between, is_null")
        return found[0] if len(found) == 1 else {"all": {"items": found}}

    def between(self, column, ends):
        demand(isinstance(ends, (list, tuple)) and len(ends) == 2, "between takes two values, e.g. [18, 65]")
        if all(is_number(end) for end in ends):
            return {"between": {"column": column, "low": number(ends[0], "between"), "high": number(ends[1], "between")}}
        demand(all(day(end) is not None for end in ends), "between takes two numbers, or two dates")
        return {"all": {"items": [{"comparison": {"column": column, "operator": OPERATORS.index(word) + 1, "value": self.value(column, end)}}
                                  for word, end in zip(("ge", "le"), ends)]}}

    def value(self, column, value):
        """A plain number beside a category is that category's label; a date beside dates is its day."""
        kind = self.column(column)["type"]
        if is_number(value):
            value = number(value, "a value of where")
            return {"label": shortest(value)} if kind == CATEGORY else {"number": value}
        if kind == DATE and (found := day(value)) is not None:
            return {"number": found}
        label = text(value, "a value of where")
        demand(kind == CATEGORY, f"where compares {column!r}, which holds {'dates' if kind == DATE else 'numbers'}, with {label!r}")
        demand(label in self.column(column)["categories"], f"where: {column!r} has no category {label!r}; it has {', '.join(self.column(column)['categories'])}")
        return {"label": label}


class _Measure:
    """One entry of `measures`."""

    def __init__(self, entry):
        entry = {entry: None} if isinstance(entry, str) else entry
        demand(isinstance(entry, dict), "a measure is a word or a mapping, e.g. 'count' or {'mean': 'age'}")
        asked = [word for word in WORDS if word in entry]
        for word in entry:
            demand(word not in EXTREMES, f"{word!r} is never released: one person alone can be the least or the greatest; 'box' gives the quantiles 0.01 and 0.99")
        demand(len(asked) == 1, f"a measure names exactly one of {', '.join(WORDS)}; this one has {', '.join(map(str, entry))}")
        self.word, self.entry = asked[0], entry
        self.of = entry[self.word]
        demand(self.of is not None or self.word == "count", f"{self.word} needs its columns")
        self.bounds, self.extra = {}, {}
        allowed = {self.word, "weight"}
        if self.word in ("sum", "mean", "variance", "sd", "compare"):
            allowed |= {"low", "high"}
            if "low" in entry or "high" in entry:
                self.bounds[self.of] = tuple(None if entry.get(x) is None else edge(entry[x], x) for x in ("low", "high"))
        elif self.word in ("covariance", "correlation", "pca", "linear", "logistic", "poisson", "incidence"):
            allowed |= {"bounds"}
            for column, ends in (entry.get("bounds") or {}).items():
                demand(len(ends) == 2, f"bounds: {column!r} takes two values, e.g. [20, 90]")
                self.bounds[column] = (edge(ends[0], "a bound"), edge(ends[1], "a bound"))
        if self.word in ("histogram", "survival", "roc", *QUANTILES):
            allowed |= {"edges", "from", "to", "step", "bins"}
        allowed |= {"quantiles": {"at"}, "contingency": {"keys"}, "incidence": {"per"}, "top": {"k"}}.get(self.word, set())
        keys(entry, allowed, self.word)
        self.columns = self._columns()
        for column in self.bounds:
            demand(column in self.columns, f"bounds names {column!r}, which {self.word} does not read")

    def _columns(self):
        roles = {"linear": ("outcome", "predictors"), "logistic": ("outcome", "predictors"), "poisson": ("outcome", "predictors"), "survival": ("time", "event"),
                 "incidence": ("time", "event"), "roc": ("score", "outcome")}
        if self.word in roles:
            first, second = roles[self.word]
            more = {"logistic": {"iterations", "deviance_bound"}, "poisson": {"iterations", "deviance_bound", "weight_bound", "residual_bound"}}
            demand(isinstance(self.of, dict), f"{self.word} is written with {first} and {second}")
            keys(self.of, {first, second} | more.get(self.word, set()), self.word)
            rest = self.of.get(second)
            return [text(self.of.get(first), first), *(texts(rest, second) if second == "predictors" else [text(rest, second)])]
        if self.word == "contingency":
            if isinstance(self.of, dict):
                keys(self.of, {"rows", "columns"}, self.word)
                return [text(self.of.get("rows"), "rows"), text(self.of.get("columns"), "columns")]
            demand(isinstance(self.of, (list, tuple)) and len(self.of) == 2, "contingency takes two columns, e.g. {'contingency': ['sex', 'cp']}")
        if self.word in ("contingency", "covariance", "correlation", "pca"):
            return texts(self.of, self.word)
        return [] if self.of in (None, "") else [text(self.of, self.word)]

    def complete(self, resolver):
        """The message, with what the query leaves to the columns."""
        for column in self.columns:
            resolver.column(column)
        word, entry = self.word, self.entry
        kind = "quantiles" if word in QUANTILES else word
        message = {"kind": KINDS.index(kind) + 1, "columns": self.columns, "weight": whole(entry.get("weight", 1), "weight")}
        name = f"{kind}({', '.join(self.columns)})"
        if word in ("histogram", "survival", "roc", *QUANTILES):
            edges, bins = self._edges(name)
            if not edges and (word != "histogram" or bins is not None):
                edges = resolver.edges(name, self.columns[0], bins)
            demand(edges or word != "histogram" or resolver.column(self.columns[0])["type"] == CATEGORY,
                   f"{name} needs bins: edges, from, to and step, or a number of bins")
            message["edges"] = edges
        if word in QUANTILES:
            message["at"] = [number(p, "a probability") for p in entry.get("at", QUANTILES[word])]
        elif word == "contingency":
            given = entry.get("keys") or {}
            keys(given, set(self.columns), "keys")
            message["keys"] = [resolver.with_keys(column, texts(given.get(column), f"keys: {column}"), "keys") for column in self.columns]
        elif word in ("logistic", "poisson"):
            message |= self._model(resolver)
        elif word == "incidence":
            message["per"] = number(entry.get("per", 1), "per")
        elif word == "top":
            message["count"] = whole(entry.get("k", 10), "k")
        return message

    def _model(self, resolver):
        predictors = [resolver.column(column) for column in self.columns[1:]]
        terms = sum(1 if column["type"] != CATEGORY else len(column["categories"]) - 1 for column in predictors)
        model = {"coefficients": [0.0] * (1 + terms), "weight_bound": 1, "residual_bound": 1, "deviance_bound": whole(self.of.get("deviance_bound", 8), "deviance_bound"),
                 "iterations": whole(self.of.get("iterations", 8), "iterations")}
        if self.word == "poisson":
            high = resolver.column(self.columns[0]).get("high")
            most = min(max(math.ceil(1 if high is None else high), 1), MOST_BOUND)
            model["weight_bound"] = 4 * whole(self.of.get("weight_bound", most), "weight_bound")
            model["residual_bound"] = whole(self.of.get("residual_bound", most), "residual_bound")
        return model

    def _edges(self, name):
        entry = self.entry
        ranged = [entry.get(word) for word in ("from", "to", "step")]
        bins = entry.get("bins")
        demand((entry.get("edges") is not None) + any(x is not None for x in ranged) + (bins is not None) <= 1, f"{name} describes its bins twice")
        if bins is not None:
            demand(1 <= whole(bins, "bins") <= MOST_BINS, f"bins is {bins}; it must be 1 to {MOST_BINS}")
        if entry.get("edges") is not None:
            return [edge(item, "an edge") for item in entry["edges"]], None
        if not any(x is not None for x in ranged):
            return [], bins
        demand(all(x is not None for x in ranged), f"{name} needs all of from, to and step")
        start, end, width = edge(ranged[0], "from"), edge(ranged[1], "to"), number(ranged[2], "step")
        count = round((end - start) / width) if width > 0 else 0
        demand(1 <= count <= MOST_BINS and abs(start + count * width - end) <= 1e-9 * max(abs(end), width),
               f"{name}: the step must be greater than 0 and divide the range into 1 to {MOST_BINS} whole bins")
        return even(start, width, count, end), None


class _Derived:
    def __init__(self, message, column, sources):
        self.message, self.column, self.sources = message, column, sources


def _derive(name, definition, column):
    """A derived column: its message, what it is to measures, and what it is made from."""
    allowed = {"bins": {"edges", "labels"}, "ratio": {"low", "high", "resolution", "unit"}, "age": {"low", "high"}, "days": {"low", "high"}, "recode": {"map", "else"}}
    demand(isinstance(definition, dict), f"derive: {name!r} must be a mapping, e.g. {{'bins': 'age', 'edges': [20, 40, 60]}}")
    asked = [word for word in allowed if word in definition]
    demand(len(asked) == 1, f"derive: {name!r} must be made by exactly one of {', '.join(allowed)}")
    word = asked[0]
    keys(definition, {word} | allowed[word], f"derive: {name}")
    described = {"name": name}
    if word == "bins":
        source = text(definition["bins"], "bins")
        edges = [edge(item, "an edge") for item in definition.get("edges") or ()]
        labels = texts(definition.get("labels"), "labels")
        if not labels:
            write = (lambda x: (datetime.date.fromordinal(EPOCH + math.floor(x))).isoformat()) if column(source)["type"] == DATE else shortest
            labels = [f"[{write(a)},{write(b)}{']' if i + 2 == len(edges) else ')'}" for i, (a, b) in enumerate(zip(edges, edges[1:]))]
        demand(len(labels) in (len(edges) - 1, len(edges) + 1), f"derive: {name!r} has {len(labels)} labels for {len(edges)} edges; one a bin, or two more")
        return _Derived({"name": name, "bins": {"column": source, "edges": edges, "labels": labels}}, described | {"type": CATEGORY, "categories": labels}, [source])
    if word == "ratio":
        of = definition["ratio"]
        keys(of, {"numerator", "denominator"}, "ratio")
        ratio = {"numerator": text(of.get("numerator"), "numerator"), "denominator": text(of.get("denominator"), "denominator"),
                 "low": number(definition.get("low"), "low"), "high": number(definition.get("high"), "high"), "unit": definition.get("unit", "")}
        if definition.get("resolution") is not None:
            ratio["resolution"] = number(definition["resolution"], "resolution")
        sources = [ratio["numerator"], ratio["denominator"]]
        for source in sources:
            column(source)
        shown = {key: ratio[key] for key in ("low", "high", "unit", "resolution") if key in ratio}
        return _Derived({"name": name, "ratio": ratio}, described | {"type": NUMBER} | shown, sources)
    if word in ("age", "days"):
        of = definition[word]
        keys(of, {"from", "to"}, word)
        until = of.get("to")
        interval = {"from": text(of.get("from"), "from")}
        sources = [interval["from"]]
        if (date := day(until)) is not None:
            interval["to_day"] = date
        else:
            interval["to_column"] = text(until, "to")
            sources.append(interval["to_column"])
        for source in sources:
            demand(column(source)["type"] == DATE, f"derive: {name!r} is counted in dates, but {source!r} holds none")
        interval["low"] = whole(definition.get("low", 0 if word == "age" else None), "low")
        interval["high"] = whole(definition.get("high", 90 if word == "age" else None), "high")
        shown = {"type": INTEGER, "low": float(interval["low"]), "high": float(interval["high"]), "unit": "years" if word == "age" else "days"}
        return _Derived({"name": name, word: interval}, described | shown, sources)
    source = text(definition["recode"], "recode")
    column(source)
    recoded = [{"label": text(label, "a label"), "keys": texts(given if isinstance(given, (list, tuple)) else [given], f"map: {label}")}
               for label, given in (definition.get("map") or {}).items()]
    demand(recoded, f"derive: {name!r} maps nothing; list labels with what they stand for")
    recode = {"column": source, "map": recoded}
    labels = [item["label"] for item in recoded]
    if definition.get("else") is not None:
        recode["else"] = text(definition["else"], "else")
        labels += [] if recode["else"] in labels else [recode["else"]]
    return _Derived({"name": name, "recode": recode}, described | {"type": CATEGORY, "categories": labels}, [source])


def _named(node):
    """The columns of a resolved filter, each once, in ordinal order."""
    found, (word, value) = set(), next(iter(node.items()))
    if word in ("all", "any"):
        for item in value["items"]:
            found |= set(_named(item))
    else:
        found |= set(_named(value)) if word == "negated" else {value if word == "is_null" else value["column"]}
    return sorted(found, key=lambda name: name.encode("utf-16-be"))


def keys(mapping, allowed, what):
    demand(isinstance(mapping, dict), f"{what} must be a mapping")
    for key in mapping:
        demand(key in allowed, f"{what} has an unknown key {key!r}; known are {', '.join(sorted(allowed))}")


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value, what):
    demand(is_number(value) and math.isfinite(value), f"{what} is {value!r}; it must be a number")
    return float(value) + 0.0


def whole(value, what):
    demand(isinstance(value, int) and not isinstance(value, bool), f"{what} is {value!r}; it must be a whole number")
    return value


def edge(value, what):
    """A number, or a date as its day."""
    found = day(value)
    return number(value, what) if found is None else found


def day(value):
    """Days since 1970-01-01 of a date, or of text as yyyy-MM-dd; None if it is neither."""
    if isinstance(value, str):
        try:
            value = datetime.date.fromisoformat(value) if len(value) == 10 and value[4] == value[7] == "-" else None
        except ValueError:
            return None
    return float(value.toordinal() - EPOCH) if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime) else None


def text(value, what):
    """A text; numbers are written as in queries."""
    value = shortest(value) if is_number(value) else value
    demand(isinstance(value, str) and value, f"{what} must be a text")
    return value


def texts(values, what):
    demand(values is None or isinstance(values, (list, tuple)), f"{what} must be a list")
    return [text(value, what) for value in values or ()]


def shortest(value):
    """The shortest decimal of a double that reads back, written as the other programs of this project write it."""
    if isinstance(value, int):
        return str(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    place = exponent + len(digits) - 1
    if value == 0:
        return "0"
    if -5 < place < 17:
        written = format(Decimal((0, digits, exponent)), "f")
    else:
        figures = "".join(map(str, digits))
        written = f"{figures[0]}{'.' + figures[1:] if len(figures) > 1 else ''}E{'-' if place < 0 else '+'}{abs(place):02}"
    return ("-" if sign else "") + written


def even(start, width, bins, end):
    """Edges of equal bins; decimal steps such as 0.1 land on the decimals that people mean."""
    return [end if i == bins else _round(start + i * width) + 0.0 for i in range(bins + 1)]


def _round(value):
    return round(value * 1e12) / 1e12 if abs(value) < 1e16 else value
