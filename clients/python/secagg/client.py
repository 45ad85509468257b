"""The consortium over REST: signed questions go in, evidence comes out, and numbers are computed from it here."""

import base64
import binascii
import collections
import hashlib
import os
import pathlib
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

from . import evidence
from .analysis import QueryError, demand
from .answer import Answer, Number, opened, reckon, require_same
from .fit import ModelFit, is_fitted
from .p256 import PrivateKey
from .question import SignedQuery, sign
from .roster import Roster
from .transport import Events, StationError, StationUnavailable, Transport
from .wire import Malformed, decode
from .words import Column, Condition, Dataset

WAITS = ("pending_approval", "not_approved")
Progress = Callable[[dict], None]
LOOK = 5.0      # seconds: how often a job's state is read although its events say nothing


class Cancelled(Exception):
    """Whoever asked gave up waiting. The round goes on, and what is spent stays spent; Consortium.cancel stops it."""


class RoundFailed(Exception):
    """The round opened no total. `job` is its last state; its signed query may be submitted again where a person must approve it first."""

    def __init__(self, message, job, signed):
        super().__init__(message)
        self.job, self.signed = job, signed


def connect(address: str, roster: str | os.PathLike, key: str | os.PathLike | None = None, token: str | None = None, user: tuple[str, str] | None = None,
            context: ssl.SSLContext | None = None) -> "Consortium":
    """A client of a station's REST interface. Nothing is sent yet.

    address: https://… (http:// for this machine only). roster: the roster's file, pinned. key: the file of a coordinator's private key, to ask; None to read
    only. token: an API key or an access token; or user: name and password. context: an ssl.SSLContext, where the system's is not the right one.
    """
    pinned = Roster.open(pathlib.Path(roster).read_bytes())
    private = None if key is None else PrivateKey.from_pem(pathlib.Path(key).read_text())
    return Consortium(Transport(address, token, user, context=context), pinned, private)


class Consortium:
    """The station as analysts see it. It is not trusted: it gets signed questions, and what it answers is checked against the pinned roster."""

    def __init__(self, transport: Transport, roster: Roster, key: PrivateKey | None):
        self.transport, self.roster, self._key = transport, roster, key

    def discovery(self) -> dict:
        """What the station says of itself; refused where its roster is not the pinned one."""
        found = self.transport.get("/discovery")
        if found["consortium"]["roster_hash"] != self.roster.hash.hex():
            raise evidence.EvidenceError("the station's roster is not the pinned one: another consortium, or another epoch")
        return found

    def nodes(self) -> list:
        """The outposts."""
        return self.transport.get("/nodes")["nodes"]

    def datasets(self) -> dict:
        """Names of datasets, and who offers them."""
        return {item["id"]: item["nodes"] for item in self.transport.get("/data-catalogs")["catalogs"]}

    def budgets(self) -> list:
        """What is left at each outpost, by its word."""
        return self.transport.get("/budgets")["budgets"]

    def jobs(self, **filters) -> list:
        """Jobs, newest first: limit, offset, state, find, since, until."""
        return self.transport.get("/jobs", **filters)["jobs"]

    def job(self, job_id: str) -> dict:
        """One job as it stands."""
        return self.transport.get(f"/jobs/{_hexadecimal(job_id)}")

    def cancel(self, job_id: str) -> dict:
        """Stops a running job."""
        return self.transport.post(f"/jobs/{_hexadecimal(job_id)}/cancel", {})

    def schema(self, dataset: str, sha256: str | None = None) -> dict:
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

    def dataset(self, name: str, schema_sha256: str | None = None) -> Dataset:
        """Begins a question to a dataset."""
        return Dataset(self, {"dataset": name, "measures": []}, schema_sha256)

    def sign(self, query: dict, attempts: int = 3, valid_seconds: int = 3600, schema_sha256: str | None = None) -> SignedQuery:
        """Signs a query in the form of docs/queries.md, as a dict."""
        key = self._signer()
        return sign(query, self.schema(query.get("dataset"), schema_sha256), self.roster, key, attempts, valid_seconds)

    def _signer(self) -> PrivateKey:
        demand(self._key is not None, "a coordinator's key is needed to ask; give connect(…, key=FILE)")
        return self._key

    def plan(self, query: dict, schema_sha256: str | None = None) -> dict:
        """What each outpost would say and charge. Spends nothing: it is signed with no attempts."""
        first = ModelFit(query).next if is_fitted(query) else query
        return self.transport.post("/jobs/plan", _body(self.sign(first, 0, 300, schema_sha256)))

    def submit(self, signed: SignedQuery, deadline_ms: int | None = None, attempt: int = 1) -> dict:
        """Hands in a signed query; the same attempt again is the same job."""
        return self.transport.post("/jobs", _body(signed) | ({"deadline_ms": deadline_ms} if deadline_ms else {}), key=f"{signed.id.hex()}-{attempt}")

    def wait(self, job_id: str, progress: Progress | None = None, timeout: float | None = None, cancelled: threading.Event | None = None) -> dict:
        """Waits until a job has ended, by the station's events, or by asking for its state where there are none.

        progress: is told each state that differs from the one before. timeout: in seconds. cancelled: a threading.Event that ends the waiting.
        """
        cancelled = cancelled or threading.Event()
        end, pause, seen, events = None if timeout is None else time.monotonic() + timeout, 0.1, None, self._events()
        try:
            job, looked = self.job(job_id), time.monotonic()
            while True:
                if progress is not None and (job["state"], job["phase"]) != seen:
                    seen = job["state"], job["phase"]
                    progress(job)
                if job["state"] != "running":
                    return job
                if cancelled.is_set():
                    raise Cancelled(f"nobody waits for job {job_id} any more, which is in phase {job['phase']}; it goes on")
                if end is not None and time.monotonic() > end:
                    raise TimeoutError(f"job {job_id} is still running, in phase {job['phase']}; it goes on")
                told = events.next(0.1) if events else None
                if events and told is None:
                    events.close()
                    events = None
                if told and told[0] == "job" and told[1]["job"]["id"] == job_id:
                    job = told[1]["job"]
                elif told is None or told[0] == "lost" or time.monotonic() > looked + LOOK:
                    if told is None:
                        cancelled.wait(pause)
                        pause = min(pause * 1.5, 2)
                    job, looked = self.job(job_id), time.monotonic()
        finally:
            if events:
                events.close()

    def _events(self) -> Events | None:
        try:
            return self.transport.events()
        except StationUnavailable:
            return None

    def watch(self, timeout: float | None = None) -> Iterator[tuple[str, dict]]:
        """What happens at the station from now on: (kind, JSON) of docs/rest.md, until the stream ends or nothing happens for so many seconds."""
        events = self.transport.events()
        try:
            while (told := events.next(timeout)) and told[0]:
                yield told
        finally:
            events.close()

    def ask(self, query: dict, attempts: int = 3, valid_seconds: int = 3600, deadline_ms: int | None = None, progress: Progress | None = None, timeout: float | None = None,
            cancelled: threading.Event | None = None, verify: bool = True, confidence: float = 0.95, schema_sha256: str | None = None) -> Answer:
        """Asks, waits, tries aborted rounds again with the same signature, checks the evidence, and computes the answer from the checked total.

        A logistic or Poisson regression is asked round by round. timeout and attempts are of each round. verify=False takes the station's numbers as they are.
        """
        demand(attempts >= 1, f"attempts is {attempts}; it must be 1 to 10")
        self.discovery()
        rest = {"attempts": attempts, "deadline_ms": deadline_ms, "progress": progress, "timeout": timeout, "cancelled": cancelled}
        if not is_fitted(query):
            return self.answer(self.sign(query, attempts, valid_seconds, schema_sha256), verify=verify, repairs=query.get("repairs"), confidence=confidence, **rest)
        demand(verify, "the rounds of a regression follow from the totals of those before, which must be verified")
        fit, evidences, schema = ModelFit(query, confidence), [], self.schema(query.get("dataset"), schema_sha256)
        while fit.next is not None:
            answer = self.answer(sign(fit.next, schema, self.roster, self._signer(), attempts, valid_seconds, coefficients=fit.at), verify=True, **rest)
            evidences.append(answer.evidence)
            fit.add(*opened(answer.evidence, self.roster), answer.evidence.contributors)
        return Answer(answer.job, [vars(s) for s in fit.statistics], answer.signed, evidences, fit)

    def answer(self, signed: SignedQuery, attempts: int = 1, deadline_ms: int | None = None, progress: Progress | None = None, timeout: float | None = None,
               cancelled: threading.Event | None = None, verify: bool = True, confidence: float = 0.95, repairs: list | None = None) -> Answer:
        """The answer to a query that is signed already: after an approval, or after this program was ended."""
        for attempt in range(1, attempts + 1):
            job = self.wait(self.submit(signed, deadline_ms, attempt)["id"], progress, timeout, cancelled)
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
        if not verify:
            demand(repairs is None and confidence == 0.95, "the station's numbers are at 95 % and repaired; others are computed from the verified total")
            return Answer(job, result["statistics"], signed, [])
        checked = self.verify(job["id"], signed, same_content=earlier is not None)
        if checked.total_hash != result["total_hash"]:
            raise evidence.EvidenceError(f"round {job['id']} is sound, but the station's numbers are of another total")
        found = reckon(checked, self.roster)
        # Of a vector beyond its size the station shows no numbers, and says so.
        if result["statistics"] or not result["failure"]:
            require_same(found, result["statistics"], job["id"])
        if repairs is not None or confidence != 0.95:
            found = reckon(checked, self.roster, confidence, repairs)
        return Answer(job, [vars(statistic) for statistic in found], signed, [checked])

    def verify(self, job_id: str, asked: SignedQuery | None = None, same_content: bool = False, remembered: str | None = None) -> evidence.Evidence:
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

    def export(self, job_id: str, path: str | os.PathLike, remembered: str | None = None) -> None:
        """Writes a job's evidence to a file, for `secagg verify` and tools/verify.py."""
        with open(path, "wb") as file:
            self.transport.download(f"/jobs/{_hexadecimal(job_id)}/transcript", file, head=remembered.split("\n")[1] if remembered else None)

    def checkpoint(self, size: int | None = None) -> dict:
        """The log's newest head; with the size of an older one the proof that that is its beginning."""
        return self.transport.get("/checkpoints", **{"from": size})

    @staticmethod
    def _earlier(job):
        named = collections.Counter(node["earlier_job"] for node in job["nodes"] if node["earlier_job"])
        return named.most_common(1)[0][0] if named and job["state"] == "aborted" else None


def _body(signed):
    return {"query": base64.b64encode(signed.body).decode(), "signature": base64.b64encode(signed.signature).decode()}


def _hexadecimal(job_id):
    demand(len(job_id) == 32 and all(c in "0123456789abcdef" for c in job_id), f"{job_id!r} is no job: a job's id has 32 hexadecimal digits")
    return job_id


__all__ = ["Answer", "Cancelled", "Column", "Condition", "Consortium", "Dataset", "Number", "RoundFailed", "SignedQuery", "StationError", "StationUnavailable", "connect"]
