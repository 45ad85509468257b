"""From a query to the signed question that outposts decide on. What is signed is read back and held against what was asked before the key is used."""

import secrets
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from .analysis import CATEGORY, KINDS, QUANTILES, QueryError, compile_query, demand, texts
from .roster import label_hash
from .wire import decode, encode

NOISE = {"local": 1, "distributed": 2, "none": 3}
MOST_EPSILON = 100


@dataclass(frozen=True)
class SignedQuery:
    """The two fields of secagg.v1.SignedQuery."""

    body: bytes
    signature: bytes

    @property
    def query(self):
        """The decoded body."""
        return decode("Query", self.body)

    @property
    def id(self):
        """The question's id, 16 bytes."""
        return self.query["query_id"]


def micro(epsilon):
    """Millionths of epsilon, exactly."""
    try:
        value = Decimal(str(epsilon)) * 1_000_000
    except InvalidOperation:
        value = Decimal("NaN")
    demand(not isinstance(epsilon, bool) and value.is_finite() and 0 < value <= MOST_EPSILON * 1_000_000,
           f"epsilon is {epsilon}; it must be greater than 0 and at most {MOST_EPSILON}, e.g. 0.5")
    demand(value == int(value), f"epsilon is {epsilon}; it may have at most six digits after the point")
    return int(value)


def sign(query, schema, roster, key, attempts, valid_seconds, now=None, coefficients=None):
    """Signs a query for a roster. attempts 0: it is only planned, and nobody can run it. coefficients: of a regression's later round."""
    demand("dataset" in query and "epsilon" in query, "a query has a dataset and an epsilon")
    demand(key.public in roster.coordinators, "the key is not one of the roster's coordinators; only a coordinator may ask")
    demand(0 <= attempts <= 10, f"attempts is {attempts}; it must be 1 to 10")
    noise, study, title = query.get("noise", "local"), query.get("study") or "", query.get("name") or query["dataset"]
    demand(noise in NOISE, f"noise is {noise!r}; it must be local, distributed or none")
    demand(isinstance(study, str) and len(study) <= 64, "study has at most 64 characters")
    demand(isinstance(title, str) and len(title) <= 200, "name has at most 200 characters")
    survivors = query.get("min_survivors") or 0
    demand(isinstance(survivors, int) and survivors >= 0, f"min_survivors is {survivors!r}; it must be a whole number")
    now = time.time() if now is None else now
    demand(now < roster.not_after, "the roster has expired; the founders must sign a new epoch")
    question = {
        "roster_hash": roster.hash, "query_id": secrets.token_bytes(16), "not_after": int(now + valid_seconds), "attempts": attempts, "title": title,
        "dataset": query["dataset"], "epsilon_micro": micro(query["epsilon"]), "noise": NOISE[noise], "min_survivors": max(survivors, roster.min_survivors),
        "analysis": compile_query(query, schema, coefficients), "coordinator_key": key.public, "study": study,
    }
    body = encode("Query", question)
    require_asked(body, query, schema)
    return SignedQuery(body, key.sign(label_hash("sign/query", roster.hash, body)))


def require_asked(body, query, schema):
    """Reads the bytes that are about to be signed, and holds them against the query by another way than they were made.

    Each measure's kind and columns, the groups and keys, every column that is looked at and what the schema says of it, the size of the filter and what is
    spent must be there and nothing else.
    """
    question = decode("Query", body)
    analysis = decode("Analysis", question["analysis"])
    same = (question["dataset"] == query["dataset"] == schema["name"] and question["epsilon_micro"] == micro(query["epsilon"])
            and question["noise"] == NOISE[query.get("noise", "local")] and question.get("study", "") == (query.get("study") or ""))
    demand(same, "what would be signed is not what was asked: dataset, epsilon, noise or study")
    asked = [_asked(measure) for measure in query["measures"]]
    signed = [(KINDS[measure["kind"] - 1], measure.get("columns", [])) for measure in analysis["measures"]]
    # Quantiles of one column are one measure.
    unique = [measure for at, measure in enumerate(asked) if measure not in asked[:at] or measure[0] != "quantiles"]
    demand(signed == unique, f"what would be signed is not what was asked: measures {signed} for {unique}")
    groups = {group["column"]: group["keys"] for group in analysis.get("group_by", [])}
    wanted = query.get("group_by") or {}
    demand(groups.keys() == wanted.keys() and all(not given or texts(given, column) == groups[column] for column, given in wanted.items()),
           "what would be signed is not what was asked: groups")
    own = {column["name"]: column for column in schema["columns"]}
    derived = {item["name"] for item in analysis.get("derived", [])}
    demand(derived <= (query.get("derive") or {}).keys(), "what would be signed is not what was asked: derived columns")
    for column in analysis.get("columns", []):
        known = own.get(column["name"], {})
        demand(known.get("type") == column["type"] and known.get("unit") == column.get("unit") and (column["type"] != CATEGORY or known["categories"] == column["categories"]),
               f"what would be signed is not what the schema says of {column['name']!r}")
    demand(_conditions(query.get("where")) == _compiled(analysis.get("where")), "what would be signed is not what was asked: where")


def _asked(measure):
    if isinstance(measure, str):
        return measure, []
    word = next(word for word in measure if word in KINDS or word in QUANTILES)
    of = measure[word]
    flat = [] if of in (None, "") else [of] if isinstance(of, str) else list(of) if not isinstance(of, dict) else [
        name for role in ("outcome", "predictors", "time", "score", "event", "rows", "columns")
        if role in of for name in ([of[role]] if isinstance(of[role], str) else of[role])]
    if isinstance(of, dict) and "score" in of:
        flat = [of["score"], of["outcome"]]
    return "quantiles" if word in QUANTILES else word, flat


def _conditions(node):
    """Columns of the comparisons of a written filter, in their order."""
    if node is None:
        return []
    for word in ("and", "or"):
        if word in node:
            return [name for item in node[word] for name in _conditions(item)]
    if "not" in node:
        return _conditions(node["not"])
    # A range of dates is two comparisons.
    return [node["column"]] * sum(2 if word == "between" and any(not isinstance(end, (int, float)) for end in value) else 1 for word, value in node.items() if word != "column")


def _compiled(node):
    if node is None:
        return []
    word, value = next(iter(node.items()))
    if word in ("all", "any"):
        return [name for item in value["items"] for name in _compiled(item)]
    return _compiled(value) if word == "negated" else [value if word == "is_null" else value["column"]]


__all__ = ["QueryError", "SignedQuery", "micro", "require_asked", "sign"]
