#!/usr/bin/env python3
"""Verifies the evidence of rounds: bundles as docs/transcript.md describes them.

    tools/verify.py FILE... [--roster-hash HEX] [--round HEX] [--head NOTE-FILE] [--json]
    tools/verify.py --tiles DIR --round HEX [--roster-hash HEX] [--head NOTE-FILE] [--json]
    tools/verify.py --acts DIR [--roster-hash HEX] [--json]

A second verifier beside `secagg verify`, written from docs/transcript.md alone; its modules in tools/verifier say which sections they
follow. It shares no code with the first and needs nothing but Python 3.11 and `cryptography` (Debian: python3-cryptography). It walks the
same six steps and names the same failing entry. It leaves out what the document leaves to it: the rules for names in rosters (section 4),
and the layout that follows from the query (10.1).

Exit code 0 if every file passes all steps, 1 if one fails, 2 if it was called wrongly or a file cannot be read. --json prints one document
for each file, each on one line.
"""

import argparse
import json
import os
import stat
import sys
import time
from types import SimpleNamespace

from verifier.acts import verify_acts
from verifier.base import MIB, H, Malformed, Refused, demand, is_extended, is_included, leaf_hash, tree_root
from verifier.heads import check_head, check_roster, parse_note
from verifier.replay import ABORT, BODIES, ENDED, INPUT, REASONS, TOTAL, Round
from verifier.sums import Sum, is_padded, packed_size
from verifier.tiles import RoundRecords
from verifier.wire import Records, decode

STEPS = ("checkpoint", "inclusion", "consistency", "messages", "total", "privacy")


class Verifier:
    def __init__(self, records, pinned, asked, head):
        self.records, self.pinned, self.asked, self.remembered = records, pinned, asked, head
        self.header = self.roster_hash = self.round = self.pending = None

    def checkpoint(self):
        try:
            demand(self.records.has_magic(), "the file is no bundle: it does not begin with SECAGG 00 01", record=0)
            _, record = self.records.next()
        except Malformed as fault:
            raise Refused(f"the header cannot be read: {fault}", record=0) from None
        demand(record and record.header, "the first record is no header", record=0)
        self.header = record.header
        try:
            return self._head()
        except Refused as fault:
            raise Refused(str(fault), record=0) from None

    def _head(self):
        header = self.header
        demand(len(header.roster) <= MIB, "the roster is larger than 1 MiB")
        self.roster, self.roster_hash = check_roster(header.roster)
        demand(self.pinned in (None, self.roster_hash), f"the roster is {self.roster_hash.hex()}, not the pinned one")
        self.head, sentence = check_head(header.checkpoint, self.roster)
        return sentence

    def inclusion(self):
        self.entries, last = [], SimpleNamespace(index=None, record=None)
        while True:
            count, record = self._peek()
            if record is None or record.entry is None:
                break
            self.pending, place = None, record.entry
            demand(last.index is None or place.index > last.index, "an entry is out of order", place.index, count)
            demand(is_included(place.index, self.head.size, leaf_hash(place.leaf), place.path, self.head.root),
                   "an entry is not in the log at its place", place.index, count)
            entry = self._entry(place, count)
            demand(entry.round_id == self.header.round_id, "an entry of another round", place.index, count)
            last = SimpleNamespace(index=place.index, record=count, entry=entry)
            self.entries.append((place.index, entry, place.leaf))
        demand(self.entries and last.entry.envelope.kind in (TOTAL, ABORT),
               "the entries do not end with a total or an abort", last.index, last.record)
        try:
            end = decode(BODIES[last.entry.envelope.kind - 1], last.entry.envelope.body)
        except Malformed as fault:
            raise Refused(f"the end of the round cannot be read: {fault}", last.index, last.record) from None
        before = [leaf_hash(leaf) for _, _, leaf in self.entries[:-1]]
        demand((end.entries, end.entries_root) == (len(before), tree_root(before)),
               "entries of the round are missing, or there are too many", last.index, last.record)
        return f"{len(self.entries)} entries, {self.entries[0][0]} to {last.index}, are in the log, and are all of the round"

    @staticmethod
    def _entry(place, count):
        try:
            entry = decode("Entry", place.leaf)
        except Malformed as fault:
            raise Refused(f"an entry cannot be read: {fault}", place.index, count) from None
        entry.envelope = entry.envelope or decode("Envelope", b"")
        return entry

    def consistency(self):
        header, head = self.header, (self.head.size, self.head.root)
        if header.remembered_size:
            demand(len(header.remembered_root) == 32, "the remembered root has not 32 bytes")
            other = header.remembered_size, header.remembered_root
            demand(is_extended(*sorted((other, head), key=lambda x: x[0]), header.consistency),
                   f"heads {other[0]} and {head[0]} are not of one log")
        else:
            demand(not header.remembered_root and not header.consistency, "a proof of consistency with no remembered size")
        if self.remembered is None:
            return "none remembered"
        known = parse_note(self.remembered)
        demand(known and known.origin == self.head.origin, "the remembered head is no head of this log")
        demand(known.size in (head[0], header.remembered_size),
               f"the bundle does not speak of the remembered head {known.size}: export it again and name the head")
        root = head[1] if known.size == head[0] else header.remembered_root
        demand(known.root == root, f"two roots of size {known.size}: {known.root.hex()} remembered, {root.hex()} here")
        return f"the head of {head[0]} entries and the remembered one of {known.size} are of one log"

    def messages(self):
        self.round = Round(self.roster, self.roster_hash)
        for index, entry, leaf in self.entries:
            try:
                self.round.apply(entry, leaf)
            except Refused as fault:
                raise Refused(str(fault), index) from None
        demand(self.round.phase == ENDED, "the round has not ended", self.entries[-1][0])
        first, asked = self.entries[0][0], self.asked or self.header.round_id
        demand(self.round.proposal.round_id == self.header.round_id == asked, "the proposal is of another round", first)
        refused = sum(entry.rejection != 0 for _, entry, _ in self.entries)
        return f"{len(self.entries)} messages replayed, {refused} of them rejected; blamed: {len(self.round.blame)}"

    @property
    def aborted(self):
        return self.round is not None and self.round.phase == ENDED and self.entries[-1][1].envelope.kind == ABORT

    def _index(self, kind, party):
        envelope = self.round.accepted[kind, party]
        return next(index for index, entry, _ in self.entries if entry.envelope is envelope)

    def _peek(self):
        """(number, record) of the record that comes next and was not taken."""
        if self.pending is None:
            try:
                self.pending = self.records.next()
            except Malformed as fault:
                raise Refused(f"record {self.records.next_number}: {fault}", record=self.records.next_number) from None
        return self.pending

    def _blob(self):
        """The blob that comes next, or None at the end."""
        count, record = self._peek()
        demand(record is None or record.blob, f"record {count} is no part of a vector", record=count)
        return record and record.blob

    def _ends(self):
        count, record = self._peek()
        demand(record is None, "a record behind the last that belongs to the round", record=count)

    def total(self):
        if self.aborted:
            self._ends()
            return "the round was aborted: no total"
        replay, body = self.round, self.round.end
        bits, length = body.bits, body.length
        end, total, masks = self.entries[-1][0], Sum(bits, length, replay.context2), 0
        try:
            for seed, added in list(replay.seeds()):
                total.unmask(seed, added)
                masks += 1
        except Refused as fault:
            raise Refused(str(fault), end) from None
        for u in replay.u3:
            index, parts, missing = self._index(INPUT, u), [], packed_size(bits, length)
            while missing > 0 and (blob := self._blob()) and blob.party == u and blob.data:
                parts.append(blob.data)
                missing -= len(blob.data)
                self.pending = None
            vector = b"".join(parts)
            demand(missing == 0, f"the vector of party {u} is missing, or has another length", index)
            demand(is_padded(vector, bits, length), f"the vector of party {u} has padding bits", index)
            demand(H("input/y", replay.context2, u, bits, length, vector) == replay.accepted[INPUT, u].value.vector_digest,
                   f"the vector of party {u} is not the one that it signed", index)
            total.vectors.add(vector)
        self._ends()
        demand(is_padded(body.packed, bits, length) and total.is_total(body.packed), "the vectors less their masks are not the total", end)
        return f"{len(replay.u3)} vectors of {length} elements, {bits} bits each, less {masks} masks, are the total"

    def privacy(self):
        query, names = self.round.query, {1: "local", 2: "distributed", 3: "none"}
        charges = {u: self.round.accepted[INPUT, u].value.charged_micro for u in self.round.u3}
        for u, charged in charges.items():
            demand(charged == 0 if query.noise == 3 else charged >= query.epsilon_micro,
                   f"party {u} was charged {charged}", self._index(INPUT, u))
        end = self.round.end
        shape = "no total" if self.aborted else f"{end.length} elements of {end.bits} bits, as each survivor signed, not as the query says"
        return (f"{shape}; noise {names[query.noise]}, epsilon {query.epsilon_micro / 1e6:g}, charged in millionths: "
                + (", ".join(f"{u}: {charged}" for u, charged in charges.items()) or "nothing"))


def verify(path, pinned=None, asked=None, head=None):
    with open(path, "rb") as file:
        return judge(path, Verifier(Records(file), pinned, asked, head))


def judge(name, verifier):
    """The report of section 11 on one bundle, or on one round of a published log."""
    report = {"file": name, "verified": False, "failed_step": None, "failed_entry": None, "failed_record": None, "round": None,
              "roster_hash": None, "aborted": None, "steps": [{"name": name, "passed": None, "detail": None} for name in STEPS]}
    for step in report["steps"]:
        try:
            step["detail"], step["passed"] = getattr(verifier, step["name"])(), True
        except Refused as fault:
            step["detail"], step["passed"] = str(fault), False
            report |= {"failed_step": step["name"], "failed_entry": fault.entry, "failed_record": fault.record}
            break
    else:
        report["verified"] = True
    if verifier.header:
        report["round"] = verifier.header.round_id.hex()
    if verifier.roster_hash:
        report["roster_hash"] = verifier.roster_hash.hex()
    if verifier.aborted:
        reason = verifier.round.end.reason
        report["aborted"] = REASONS[reason] if 0 < reason < len(REASONS) else str(reason)
    return report


def show(report):
    print(report["file"])
    for step in report["steps"]:
        word = {True: "pass", False: "FAIL", None: "-"}[step["passed"]]
        print(f"  {step['name']:12} {word:5} {step['detail'] or 'not reached'}")
    at = [f"{what} {report[f'failed_{what}']}" for what in ("entry", "record") if report[f"failed_{what}"] is not None]
    print("  verified" if report["verified"] else f"  NOT verified: {report['failed_step']}" + "".join(f", {x}" for x in at))


def tell(report, as_json):
    if as_json:
        print(json.dumps(report), flush=True)
    else:
        show(report)
    return report["verified"]


def show_acts(folder, pinned, as_json):
    """The acts of a published log; true if all of them, and the log, hold."""
    try:
        note, acts, unsaid = verify_acts(folder, pinned)
    except Refused as fault:
        print(json.dumps({"log": folder, "verified": False, "failed_entry": fault.entry, "detail": str(fault)}) if as_json else f"{folder}\n  NOT verified: {fault}"
              + (f", entry {fault.entry}" if fault.entry is not None else ""))
        return False
    if as_json:
        print(json.dumps({"log": folder, "verified": True, "size": note.size, "acts": [
            {"entry": a.index, "time_ms": a.time_ms, "code": a.code, "subject": a.act.subject, "by": a.act.by, "detail": a.act.detail, "signer": a.signer} for a in acts],
            "rosters_without_act": unsaid}))
        return True
    print(f"{folder}\n  verified: {note.size} entries, {len(acts)} acts")
    for a in acts:
        # ascii(): what a station wrote must not steer a terminal.
        print(f"  {a.index:8} {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(min(a.time_ms // 1000, 253402300799)))} {a.code}: {ascii(a.act.subject)} by {ascii(a.act.by)} {ascii(a.act.detail)}"
              + (f", signed by {ascii(a.signer)}" if a.signer else ""))
    for index in unsaid:
        print(f"  {index:8} a roster of which no act says who put it in force: the station was started with it, by a version that wrote none")
    return True


def hexadecimal(size):
    def parse(text):
        data = bytes.fromhex(text)
        if len(data) != size:
            raise ValueError(text)
        return data
    parse.__name__ = f"hexadecimal number of {size} bytes"
    return parse


def main():
    parser = argparse.ArgumentParser(description="Verifies bundles of rounds as docs/transcript.md describes them.")
    parser.add_argument("files", metavar="FILE", nargs="*")
    parser.add_argument("--acts", metavar="DIR", help="a published log (`secagg log export --tiles`), whose administrative acts are checked and listed")
    parser.add_argument("--tiles", metavar="DIR", help="a published log, of which the round --round is verified")
    parser.add_argument("--roster-hash", type=hexadecimal(32), metavar="HEX", help="the hash of the roster that you pinned")
    parser.add_argument("--round", type=hexadecimal(16), metavar="HEX", help="the id of the round that you asked for")
    parser.add_argument("--head", metavar="NOTE-FILE", help="a head of the log that you remember, a signed note")
    parser.add_argument("--json", action="store_true", help="one JSON document a file")
    options = parser.parse_args()
    if not options.files and not options.acts and not options.tiles:
        parser.error("name a bundle, or a published log with --acts or --tiles")
    if options.tiles and not options.round:
        parser.error("--tiles needs --round: the id of the round that is verified")
    good = True
    try:
        if options.acts:
            good = show_acts(options.acts, options.roster_hash, options.json)
        head = None
        if options.head:
            with open(options.head, "rb") as file:
                head = file.read(MIB + 1).decode(errors="replace")
        if options.tiles:
            verifier = Verifier(RoundRecords(options.tiles, options.round, head), options.roster_hash, options.round, head)
            good &= tell(judge(options.tiles, verifier), options.json)
        for path in options.files:
            if not stat.S_ISREG(os.stat(path).st_mode):
                parser.error(f"{path} is not a file")
            good &= tell(verify(path, options.roster_hash, options.round, head), options.json)
    except OSError as fault:
        parser.error(str(fault))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
