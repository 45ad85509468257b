"""The consortium over REST, questions put together word by word, and answers with intervals."""

import base64
import binascii
import collections
import hashlib
import pathlib
import tempfile
import time
from dataclasses import dataclass

from . import evidence
from .analysis import QueryError, demand
from .p256 import PrivateKey
from .question import SignedQuery, sign
from .roster import Roster
from .transport import StationError, StationUnavailable, Transport
from .wire import Malformed, decode

WAITS = ("pending_approval", "not_approved")
SEVERAL_ROUNDS = ("logistic", "poisson")


class RoundFailed(Exception):
    """The round opened no total. `job` is its last state; its signed query may be submitted again where a person must approve it first."""

    def __init__(self, message, job, signed):
        super().__init__(message)
        self.job, self.signed = job, signed


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

    def __str__(self):
        if self.value is None:
            return f"{self.name}: {self.withheld or 'not determined'}"
        return f"{self.name}: {self.value:.6g} ({self.low:.6g} to {self.high:.6g}){' ' + self.unit if self.unit else ''}"


class Answer(collections.abc.Mapping):
    """Numbers by name. They are the station's reading of the total; `evidence` is what was checked of that total, None if nothing was."""

    def __init__(self, job, result, signed, checked):
        self.job, self.signed, self.evidence = job, signed, checked
        self._numbers = {}
        for item in result["statistics"]:
            self._numbers[item["name"]] = Number(item["name"], item["value"], item["low"], item["high"], item["confidence"], item["unit"], item["group"], item["measure"],
                                                 item["withheld"], item["contributors"])

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


def connect(address, roster, key=None, token=None, user=None, context=None):
    """A client of a station's REST interface. Nothing is sent yet.

    address: https://… (http:// for this machine only). roster: the roster's file, pinned. key: the file of a coordinator's private key, to ask; None to read
    only. token: an API key or an access token; or user: name and password. context: an ssl.SSLContext, where the system's is not the right one.
    """
    pinned = Roster.open(pathlib.Path(roster).read_bytes())
    private = None if key is None else PrivateKey.from_pem(pathlib.Path(key).read_text())
    return Consortium(Transport(address, token, user, context=context), pinned, private)


class Consortium:
    """The station as analysts see it. It is not trusted: it gets signed questions, and what it answers is checked against the pinned roster."""

    def __init__(self, transport, roster, key):
        self.transport, self.roster, self._key = transport, roster, key

    def discovery(self):
        """What the station says of itself; refused where its roster is not the pinned one."""
        found = self.transport.get("/discovery")
        if found["consortium"]["roster_hash"] != self.roster.hash.hex():
            raise evidence.EvidenceError("the station's roster is not the pinned one: another consortium, or another epoch")
        return found

    def nodes(self):
        """The outposts."""
        return self.transport.get("/nodes")["nodes"]

    def datasets(self):
        """Names of datasets, and who offers them."""
        return {item["id"]: item["nodes"] for item in self.transport.get("/data-catalogs")["catalogs"]}

    def budgets(self):
        """What is left at each outpost, by its word."""
        return self.transport.get("/budgets")["budgets"]

    def jobs(self, **filters):
        """Jobs, newest first: limit, offset, state, find, since, until."""
        return self.transport.get("/jobs", **filters)["jobs"]

    def job(self, job_id):
        """One job as it stands."""
        return self.transport.get(f"/jobs/{_hexadecimal(job_id)}")

    def cancel(self, job_id):
        """Stops a running job."""
        return self.transport.post(f"/jobs/{_hexadecimal(job_id)}/cancel", {})

    def schema(self, dataset, sha256=None):
        """The schema that most outposts offer, decoded from its canonical bytes; sha256 pins those bytes."""
        demand(dataset and all(c.isalnum() or c in "-_. " for c in dataset), f"{dataset!r} is no name of a dataset")
        found = self.transport.get("/data-catalogs/" + dataset.replace(" ", "%20"))
        try:
            data = base64.b64decode(found["schema_bytes"], validate=True)
            schema = decode("DatasetSchema", data)
        except (Malformed, binascii.Error) as fault:
            raise QueryError(f"the schema of {dataset!r} cannot be read: {fault}") from None
        demand(schema.get("name") == dataset, f"the station gave the schema of {schema.get('name')!r} for {dataset!r}")
        demand(sha256 is None or hashlib.sha256(data).hexdigest() == sha256, f"the schema of {dataset!r} is not the pinned one")
        return schema

    def dataset(self, name, schema_sha256=None):
        """Begins a question to a dataset."""
        return Dataset(self, {"dataset": name, "measures": []}, schema_sha256)

    def sign(self, query, attempts=3, valid_seconds=3600, schema_sha256=None):
        """Signs a query in the form of docs/queries.md, as a dict."""
        demand(self._key is not None, "a coordinator's key is needed to ask; give connect(…, key=FILE)")
        return sign(query, self.schema(query.get("dataset"), schema_sha256), self.roster, self._key, attempts, valid_seconds)

    def plan(self, query, schema_sha256=None):
        """What each outpost would say and charge. Spends nothing: it is signed with no attempts."""
        return self.transport.post("/jobs/plan", _body(self.sign(query, 0, 300, schema_sha256)))

    def submit(self, signed, deadline_ms=None, attempt=1):
        """Hands in a signed query; the same attempt again is the same job."""
        return self.transport.post("/jobs", _body(signed) | ({"deadline_ms": deadline_ms} if deadline_ms else {}), key=f"{signed.id.hex()}-{attempt}")

    def wait(self, job_id, progress=None, timeout=None):
        """Waits until a job has ended; progress is told each state that differs from the one before."""
        end, pause, seen = None if timeout is None else time.monotonic() + timeout, 0.1, None
        while True:
            job = self.job(job_id)
            if progress is not None and (job["state"], job["phase"]) != seen:
                seen = job["state"], job["phase"]
                progress(job)
            if job["state"] != "running":
                return job
            if end is not None and time.monotonic() + pause > end:
                raise TimeoutError(f"job {job_id} is still running, in phase {job['phase']}; it goes on")
            time.sleep(pause)
            pause = min(pause * 1.5, 2)

    def ask(self, query, attempts=3, valid_seconds=3600, deadline_ms=None, progress=None, timeout=None, verify=True, schema_sha256=None):
        """Asks, waits, tries aborted rounds again with the same signature, checks the evidence, and gives the answer."""
        demand(attempts >= 1, f"attempts is {attempts}; it must be 1 to 10")
        for measure in query.get("measures") or ():
            demand(not any(word in measure for word in SEVERAL_ROUNDS if isinstance(measure, dict)),
                   "a logistic or Poisson regression takes several rounds that follow from one another; ask it with `secagg query run` or the C# SDK")
        self.discovery()
        return self.answer(self.sign(query, attempts, valid_seconds, schema_sha256), attempts, deadline_ms, progress, timeout, verify)

    def answer(self, signed, attempts=1, deadline_ms=None, progress=None, timeout=None, verify=True):
        """The answer to a query that is signed already: after an approval, or after this program was ended."""
        for attempt in range(1, attempts + 1):
            job = self.wait(self.submit(signed, deadline_ms, attempt)["id"], progress, timeout)
            if job["state"] == "done" or self._earlier(job) or any(node["refusal"] in WAITS for node in job["nodes"]):
                break
        earlier = self._earlier(job)
        if earlier is None and job["state"] != "done":
            refused = ", ".join(f"{node['name']}: {node['refusal'] or node['reason']}" for node in job["nodes"] if node["refusal"] or node["reason"])
            raise RoundFailed(f"round {job['id']} was aborted: {job['failure']}" + (f" ({refused})" if refused else ""), job, signed)
        if earlier is not None:
            # They have answered this before: that total is the answer, at no cost, if its evidence shows that the question was the same.
            job = self.job(earlier)
        result = self.transport.get(f"/jobs/{job['id']}/result")
        checked = self.verify(job["id"], signed, same_content=earlier is not None) if verify else None
        if checked is not None and checked.total_hash != result["total_hash"]:
            raise evidence.EvidenceError(f"round {job['id']} is sound, but the station's numbers are of another total")
        return Answer(job, result, signed, checked)

    def verify(self, job_id, asked=None, same_content=False, remembered=None):
        """Fetches a job's evidence with the masked vectors, and checks it: all six steps, and that it answers the question that was signed here.

        remembered: the note of an earlier Evidence; the station must then show that its log extends that head.
        """
        lines = [] if remembered is None else remembered.split("\n")
        demand(remembered is None or len(lines) > 3 and lines[1].isdigit(), "remembered is the note of a head, as Evidence.note has it")
        with tempfile.NamedTemporaryFile(prefix="secagg-", suffix=".bundle") as file:
            path = f"/jobs/{_hexadecimal(job_id)}/transcript"
            self.transport.download(path, file, head=lines[1] if lines else None)
            file.flush()
            return evidence.check(file.name, self.roster, job_id, asked, same_content, remembered)

    @staticmethod
    def _earlier(job):
        named = collections.Counter(node["earlier_job"] for node in job["nodes"] if node["earlier_job"])
        return named.most_common(1)[0][0] if named and job["state"] == "aborted" else None


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


def _body(signed):
    return {"query": base64.b64encode(signed.body).decode(), "signature": base64.b64encode(signed.signature).decode()}


def _hexadecimal(job_id):
    demand(len(job_id) == 32 and all(c in "0123456789abcdef" for c in job_id), f"{job_id!r} is no job: a job's id has 32 hexadecimal digits")
    return job_id


__all__ = ["Answer", "Column", "Condition", "Consortium", "Dataset", "Number", "RoundFailed", "SignedQuery", "StationError", "StationUnavailable", "connect"]
