"""Questions put together word by word (docs/analysts.md), with the measures of docs/queries.md."""

from .analysis import demand


class Dataset:
    """A question to a dataset; every word gives a new one and leaves the old one as it was."""

    def __init__(self, consortium, query, schema_sha256):
        self._consortium, self.query, self._schema = consortium, query, schema_sha256

    def _with(self, **changes):
        return Dataset(self._consortium, self.query | changes, self._schema)

    def measure(self, word, of=None, **more):
        """A measure of docs/queries.md by its word; more are its keys there (from_ stands for from)."""
        entry = word if of is None and not more else {word: of} | {key.rstrip("_"): value for key, value in more.items()}
        return self._with(measures=[*self.query["measures"], entry])

    def epsilon(self, epsilon):
        """What the whole question may spend at each outpost; every question must say it."""
        return self._with(epsilon=epsilon)

    def titled(self, title):
        """A title for people."""
        return self._with(name=title)

    def for_study(self, study):
        """The study that it belongs to."""
        return self._with(study=study)

    def noise(self, mode):
        """local, distributed or none."""
        return self._with(noise=mode)

    def min_survivors(self, outposts):
        """How many outposts must remain."""
        return self._with(min_survivors=outposts)

    def per_person(self, rows, groups=1):
        """Datasets with a person key: rows of one person that count in a group, and in how many groups."""
        return self._with(rows_per_person=rows, groups_per_person=groups)

    def where(self, condition):
        """Which rows count: a Condition, or a filter as docs/queries.md writes it. Said again, both hold."""
        added = condition.filter if isinstance(condition, Condition) else condition
        before = self.query.get("where")
        return self._with(where=added if before is None else {"and": [before, added]})

    def group_by(self, column, keys=None):
        """The numbers for each key of a column; without keys, for each label of the category."""
        return self._with(group_by=(self.query.get("group_by") or {}) | {column: keys})

    def derive(self, name, **definition):
        """A column made from others: derive('old', bins='age', edges=[0, 60, 91])."""
        return self._with(derive=(self.query.get("derive") or {}) | {name: {key.rstrip("_"): value for key, value in definition.items()}})

    def clamp(self, column, low, high):
        """Values of a column below or above count as these, in all measures; the schema's bounds if nothing is said."""
        return self._with(clamp=(self.query.get("clamp") or {}) | {column: [low, high]})

    def weight(self, shares):
        """The share of epsilon of the measure before, next to those of the others."""
        demand(self.query["measures"], "there is no measure before whose weight it could be")
        *before, last = self.query["measures"]
        return self._with(measures=[*before, ({last: None} if isinstance(last, str) else last) | {"weight": shares}])

    def repaired(self, *repairs):
        """What is done to numbers that noise has made impossible: zero, definite, monotone; without a word nothing, all of them unless it is said."""
        return self._with(repairs=list(repairs))

    def plan(self):
        """What each outpost would say and charge; spends nothing."""
        return self._consortium.plan(self._complete(), self._schema)

    def ask(self, **options):
        """Asks, waits, checks, and gives an Answer; the options are those of Consortium.ask."""
        return self._consortium.ask(self._complete(), schema_sha256=self._schema, **options)

    def _complete(self):
        demand("epsilon" in self.query, "the question has no epsilon, which is what it may spend at each outpost; add e.g. .epsilon(0.5)")
        return self.query

    def _word(word):  # one method a word
        def method(self, of, **more):
            return self.measure(word, of, **more)
        method.__name__, method.__doc__ = word, f"The measure {word!r} of docs/queries.md."
        return method

    for _name in ("sum", "mean", "variance", "sd", "histogram", "quantiles", "median", "iqr", "box", "compare", "distinct", "top"):
        locals()[_name] = _word(_name)

    def count(self, column=None):
        """Rows, or rows in which a column has a value."""
        return self.measure("count", column)

    def contingency(self, rows, columns, keys=None):
        """Rows in each pair of keys."""
        return self.measure("contingency", {"rows": rows, "columns": columns}, **({"keys": keys} if keys else {}))

    def covariance(self, *columns, **more):
        """Covariances of each two columns."""
        return self.measure("covariance", list(columns), **more)

    def correlation(self, *columns, **more):
        """Correlations of each two columns."""
        return self.measure("correlation", list(columns), **more)

    def pca(self, *columns, **more):
        """Principal components."""
        return self.measure("pca", list(columns), **more)

    def linear(self, outcome, *predictors, **more):
        """Linear regression."""
        return self.measure("linear", {"outcome": outcome, "predictors": list(predictors)}, **more)

    def logistic(self, outcome, *predictors, iterations=8, deviance_bound=8, **more):
        """Logistic regression, over several rounds; a question's only measure."""
        return self.measure("logistic", {"outcome": outcome, "predictors": list(predictors), "iterations": iterations, "deviance_bound": deviance_bound}, **more)

    def poisson(self, outcome, *predictors, iterations=8, deviance_bound=8, **more):
        """Poisson regression, over several rounds; a question's only measure. weight_bound and residual_bound are the outcome's upper bound if not said."""
        bounds = {name: more.pop(name) for name in ("weight_bound", "residual_bound") if name in more}
        return self.measure("poisson", {"outcome": outcome, "predictors": list(predictors), "iterations": iterations, "deviance_bound": deviance_bound} | bounds, **more)

    def survival(self, time, event, **more):
        """Time to an event."""
        return self.measure("survival", {"time": time, "event": event}, **more)

    def incidence(self, time, event, **more):
        """Events for so much person-time."""
        return self.measure("incidence", {"time": time, "event": event}, **more)

    def roc(self, score, outcome, **more):
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
