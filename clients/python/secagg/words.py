"""Questions put together word by word (docs/analysts.md), with the measures of docs/queries.md."""

from .analysis import demand


class Dataset:
    """A question to a dataset; every word gives a new one and leaves the old one as it was."""

    def __init__(self, consortium, query, schema_sha256):
        self._consortium, self.query, self._schema = consortium, query, schema_sha256

    def _with(self, **changes) -> "Dataset":
        return Dataset(self._consortium, self.query | changes, self._schema)

    def measure(self, word: str, of=None, **more) -> "Dataset":
        """A measure of docs/queries.md by its word; more are its keys there (from_ stands for from)."""
        entry = word if of is None and not more else {word: of} | {key.rstrip("_"): value for key, value in more.items()}
        return self._with(measures=[*self.query["measures"], entry])

    def epsilon(self, epsilon: float) -> "Dataset":
        """What the whole question may spend at each outpost; every question must say it."""
        return self._with(epsilon=epsilon)

    def titled(self, title: str) -> "Dataset":
        """A title for people."""
        return self._with(name=title)

    def for_study(self, study: str) -> "Dataset":
        """The study that it belongs to."""
        return self._with(study=study)

    def noise(self, mode: str) -> "Dataset":
        """local, distributed or none."""
        return self._with(noise=mode)

    def min_survivors(self, outposts: int) -> "Dataset":
        """How many outposts must remain."""
        return self._with(min_survivors=outposts)

    def per_person(self, rows: int, groups: int = 1) -> "Dataset":
        """Datasets with a person key: rows of one person that count in a group, and in how many groups."""
        return self._with(rows_per_person=rows, groups_per_person=groups)

    def where(self, condition: "Condition | dict") -> "Dataset":
        """Which rows count: a Condition, or a filter as docs/queries.md writes it. Said again, both hold."""
        added = condition.filter if isinstance(condition, Condition) else condition
        before = self.query.get("where")
        return self._with(where=added if before is None else {"and": [before, added]})

    def group_by(self, column: str, keys: list | None = None) -> "Dataset":
        """The numbers for each key of a column; without keys, for each label of the category."""
        return self._with(group_by=(self.query.get("group_by") or {}) | {column: keys})

    def derive(self, name: str, **definition) -> "Dataset":
        """A column made from others: derive('old', bins='age', edges=[0, 60, 91])."""
        return self._with(derive=(self.query.get("derive") or {}) | {name: {key.rstrip("_"): value for key, value in definition.items()}})

    def clamp(self, column: str, low: float, high: float) -> "Dataset":
        """Values of a column below or above count as these, in all measures; the schema's bounds if nothing is said."""
        return self._with(clamp=(self.query.get("clamp") or {}) | {column: [low, high]})

    def weight(self, shares: int) -> "Dataset":
        """The share of epsilon of the measure before, next to those of the others."""
        demand(self.query["measures"], "there is no measure before whose weight it could be")
        *before, last = self.query["measures"]
        return self._with(measures=[*before, ({last: None} if isinstance(last, str) else last) | {"weight": shares}])

    def repaired(self, *repairs: str) -> "Dataset":
        """What is done to numbers that noise has made impossible: zero, definite, monotone; without a word nothing, all of them unless it is said."""
        return self._with(repairs=list(repairs))

    def plan(self) -> dict:
        """What each outpost would say and charge; spends nothing."""
        return self._consortium.plan(self._complete(), self._schema)

    def ask(self, **options):
        """Asks, waits, checks, and gives an Answer; the options are those of Consortium.ask."""
        return self._consortium.ask(self._complete(), schema_sha256=self._schema, **options)

    def _complete(self):
        demand("epsilon" in self.query, "the question has no epsilon, which is what it may spend at each outpost; add e.g. .epsilon(0.5)")
        return self.query

    def _word(word):  # one method a word
        def method(self, of, **more) -> "Dataset":
            return self.measure(word, of, **more)
        method.__name__, method.__doc__ = word, f"The measure {word!r} of docs/queries.md."
        return method

    for _name in ("sum", "mean", "variance", "sd", "histogram", "quantiles", "median", "iqr", "box", "compare", "distinct", "top"):
        locals()[_name] = _word(_name)

    def count(self, column: str | None = None) -> "Dataset":
        """Rows, or rows in which a column has a value."""
        return self.measure("count", column)

    def contingency(self, rows: str, columns: str, keys: dict | None = None) -> "Dataset":
        """Rows in each pair of keys."""
        return self.measure("contingency", {"rows": rows, "columns": columns}, **({"keys": keys} if keys else {}))

    def covariance(self, *columns: str, **more) -> "Dataset":
        """Covariances of each two columns."""
        return self.measure("covariance", list(columns), **more)

    def correlation(self, *columns: str, **more) -> "Dataset":
        """Correlations of each two columns."""
        return self.measure("correlation", list(columns), **more)

    def pca(self, *columns: str, **more) -> "Dataset":
        """Principal components."""
        return self.measure("pca", list(columns), **more)

    def linear(self, outcome: str, *predictors: str, **more) -> "Dataset":
        """Linear regression."""
        return self.measure("linear", {"outcome": outcome, "predictors": list(predictors)}, **more)

    def logistic(self, outcome: str, *predictors: str, iterations: int = 8, deviance_bound: int = 8, **more) -> "Dataset":
        """Logistic regression, over several rounds; a question's only measure."""
        return self.measure("logistic", {"outcome": outcome, "predictors": list(predictors), "iterations": iterations, "deviance_bound": deviance_bound}, **more)

    def poisson(self, outcome: str, *predictors: str, iterations: int = 8, deviance_bound: int = 8, **more) -> "Dataset":
        """Poisson regression, over several rounds; a question's only measure. weight_bound and residual_bound are the outcome's upper bound if not said."""
        bounds = {name: more.pop(name) for name in ("weight_bound", "residual_bound") if name in more}
        return self.measure("poisson", {"outcome": outcome, "predictors": list(predictors), "iterations": iterations, "deviance_bound": deviance_bound} | bounds, **more)

    def survival(self, time: str, event: str, **more) -> "Dataset":
        """Time to an event."""
        return self.measure("survival", {"time": time, "event": event}, **more)

    def incidence(self, time: str, event: str, **more) -> "Dataset":
        """Events for so much person-time."""
        return self.measure("incidence", {"time": time, "event": event}, **more)

    def roc(self, score: str, outcome: str, **more) -> "Dataset":
        """ROC curve."""
        return self.measure("roc", {"score": score, "outcome": outcome}, **more)


class Condition:
    """Which rows count; & | ~ join and turn conditions round."""

    __slots__ = ("filter",)

    def __init__(self, written):
        self.filter = written

    def __and__(self, other):
        return Condition({"and": [self.filter, other.filter]})

    def __or__(self, other):
        return Condition({"or": [self.filter, other.filter]})

    def __invert__(self):
        return Condition({"not": self.filter})

    def __bool__(self):
        raise TypeError("conditions are joined by & | ~, with each comparison in brackets; and, or, not and chains like 1 < x < 3 would lose a part")


class Column:
    """A column in a condition: column('age') >= 40. A missing value makes every comparison false."""

    __slots__ = ("name",)
    __hash__ = None

    def __init__(self, name):
        self.name = name

    def _is(self, word, value):
        return Condition({"column": self.name, word: value})

    def __eq__(self, value):
        return self._is("eq", value)

    def __ne__(self, value):
        return self._is("ne", value)

    def __lt__(self, value):
        return self._is("lt", value)

    def __le__(self, value):
        return self._is("le", value)

    def __gt__(self, value):
        return self._is("gt", value)

    def __ge__(self, value):
        return self._is("ge", value)

    def isin(self, values):
        """One of the values."""
        return self._is("in", list(values))

    def between(self, low, high):
        """From low to high, both belong."""
        return self._is("between", [low, high])

    def missing(self):
        """There is no value."""
        return self._is("is_null", True)
