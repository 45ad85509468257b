"""A round's evidence, checked by tools/verify.py's code, and what it is the evidence of.

That code wants `cryptography` (Debian: python3-cryptography); everything else in this package is the standard library alone.
"""

import hashlib
import importlib
import os
import pathlib
import sys
from dataclasses import dataclass

from .roster import label_hash
from .wire import decode

PROPOSE, TOTAL = "Proposal", "Total"


class EvidenceError(Exception):
    """The evidence does not hold, or is of something else; no number may be used."""


@dataclass(frozen=True)
class Evidence:
    """What a bundle shows that passed all six steps."""

    round: str
    steps: dict        # name to what it found
    total_hash: str    # SHA-256 of the packed total, as the station says of each finished round; empty of an aborted one
    query: bytes       # the question's body, as it was signed
    note: str          # the head of the log: remember it, and give it the next time
    packed: bytes = b""     # the total
    bits: int = 0           # of each of its elements
    contributors: int = 0   # outposts that are in it
    invited: int = 0        # outposts that might have been


def _verifier():
    """tools/verify.py: in SECAGG_TOOLS, or in the checkout that this package lies in."""
    folder = pathlib.Path(os.environ.get("SECAGG_TOOLS") or pathlib.Path(__file__).resolve().parents[3] / "tools")
    if not (folder / "verify.py").is_file():
        raise EvidenceError(f"{folder} has no verify.py; set SECAGG_TOOLS to the folder tools of the repository")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        return importlib.import_module("verify"), importlib.import_module("verifier.wire"), importlib.import_module("verifier.replay")
    except ModuleNotFoundError as fault:
        raise EvidenceError(f"verification needs the module {fault.name}: apt-get install python3-cryptography") from fault


def check(path, roster, round_id, asked=None, same_content=False, remembered=None):
    """Checks a bundle file.

    roster: the pinned one. round_id: hexadecimal. asked: the SignedQuery that it must answer; with same_content another signature over the same question will
    do (a round that answered it earlier). remembered: the note of a head of the log.
    """
    verify, wire, replay = _verifier()
    report = verify.verify(str(path), roster.hash, bytes.fromhex(round_id), remembered)
    if not report["verified"]:
        step = next(step for step in report["steps"] if step["passed"] is False)
        raise EvidenceError(f"round {round_id} fails at {step['name']}: {step['detail']}")
    query, note, total = b"", "", None
    invited = 0
    with open(path, "rb") as file:
        records = wire.Records(file)
        records.has_magic()
        while (record := records.next()[1]) is not None and record.blob is None:
            if record.header:
                note = record.header.checkpoint
            elif record.entry and (envelope := wire.decode("Entry", record.entry.leaf).envelope):
                name = replay.BODIES[envelope.kind - 1]
                if name == PROPOSE:
                    proposal = wire.decode(name, envelope.body)
                    query, invited = proposal.query, len(proposal.invited)
                elif name == TOTAL:
                    total = wire.decode(name, envelope.body)
    if asked is not None and query != asked.body and not (same_content and content(query) == content(asked.body)):
        raise EvidenceError(f"round {round_id} is sound, but answers another question than the one that was signed here")
    steps = {step["name"]: step["detail"] for step in report["steps"]}
    if total is None:
        return Evidence(round_id, steps, "", query, note, invited=invited)
    return Evidence(round_id, steps, hashlib.sha256(total.packed).hexdigest(), query, note, total.packed, total.bits, len(total.survivors), invited)


def content(body):
    """What a question asks, whoever asks it and whenever (docs/protocol.md): analysis, dataset, study, epsilon, noise."""
    query = decode("Query", body)
    return label_hash("query/content", query.get("analysis", b""), query["dataset"].encode(), query.get("study", "").encode(),
                      query["epsilon_micro"].to_bytes(8, "big"), query["noise"].to_bytes(4, "big"))
