"""Section 12: published logs, and a round of one as the records that its bundle would have."""

import os
import re
from types import SimpleNamespace

from .base import MIB, Malformed, Refused, demand, leaf_hash, tree_root
from .heads import check_head, check_roster, key_id, parse_note
from .wire import decode

ROSTER, TOTAL = 17, 15
MOST = 192 * MIB


def read_file(folder, path, most=MOST):
    with open(os.path.join(folder, path), "rb") as file:
        data = file.read(most + 1)
    demand(len(data) <= most, f"{path} is larger than {most} bytes")
    return data


def find_file(folder, path, most=MOST):
    """None if it is not there."""
    return read_file(folder, path, most) if os.path.exists(os.path.join(folder, path)) else None


def numbered(kind, index):
    path = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        path = f"x{index % 1000:03}/{path}"
    return f"{kind}/{path}"


def read_note(folder, path="checkpoint"):
    """(head, note); None if there is no such file."""
    data = find_file(folder, path, MIB)
    if data is None:
        return None
    note = data.decode(errors="replace")
    head = parse_note(note)
    demand(head, f"{path} is no signed note of a log")
    return head, note


def read_leaf(folder, index):
    leaf = read_file(folder, numbered("entry", index))
    try:
        return leaf, decode("Entry", leaf)
    except Malformed as fault:
        raise Refused(f"the entry cannot be read: {fault}", index) from None


def table(folder, path):
    text = read_file(folder, path)
    demand(re.fullmatch(rb"((0|[1-9][0-9]{0,18})\n)+", text), f"{path} is no list of entries")
    lines = [int(line) for line in text.split()]
    demand(all(a < b for a, b in zip(lines, lines[1:])), f"{path} is not ascending")
    return lines


def own_head(folder, index, leaves):
    """(head, note) of the time of the roster at an entry, which is not the last; None if none was published."""
    path = numbered("head", index)
    found = read_note(folder, path)
    if found:
        head = found[0]
        demand(index < head.size <= len(leaves), f"{path} is a head of {head.size} entries")
        demand(tree_root(leaves[:head.size]) == head.root, f"{path} has another root than the published entries")
    return found


def check_heads(folder, rosters, leaves):
    """Of a whole log: every head of an earlier roster's time is signed with the keys of that time. `rosters`: pairs of index and roster."""
    for index, roster in rosters[:-1]:
        found = own_head(folder, index, leaves)
        if found:
            path = numbered("head", index)
            then = [r for i, r in rosters if i < found[0].size][-1]
            demand(then.aggregator_key == roster.aggregator_key, f"{path} is a head of {found[0].size} entries, when the station had another key")
            try:
                check_head(found[1], roster)
            except Refused as fault:
                raise Refused(f"{path}: {fault}") from None


def under(note, roster):
    """A note without the lines of whoever is not in the roster: members of a later one have signed it too."""
    origin = roster.log_origin
    keys = {f"{origin}/party/{p.index}": p.public_key for p in roster.parties} | {origin: roster.aggregator_key}
    parts, lines = note.split("\n"), parse_note(note).lines
    kept = [text for text, (name, identity, _) in zip(parts[4:], lines) if name in keys and identity == key_id(name, keys[name])]
    return "\n".join([*parts[:4], *kept, ""])


def split(count):
    return 1 << (count - 1).bit_length() - 1


def inclusion(index, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*inclusion(index, leaves[:k]), tree_root(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), tree_root(leaves[:k])]


def extension(old, leaves, whole=True):
    if old == len(leaves):
        return [] if whole else [tree_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*extension(old, leaves[:k], whole), tree_root(leaves[k:])]
    return [*extension(old - k, leaves[k:], False), tree_root(leaves[:k])]


class RoundRecords:
    """The records of a round's bundle, from a published log; with the face of wire.Records."""

    def __init__(self, folder, round_id, remembered):
        self.folder, self.round_id, self.remembered = folder, round_id, remembered
        self.next_number, self.records = 0, self._records()

    def has_magic(self):
        return True

    def next(self):
        record = next(self.records, None)
        if record is None:
            return self.next_number, None
        self.next_number += 1
        return self.next_number - 1, record

    def _records(self):
        found = read_note(self.folder)
        demand(found, "there is no checkpoint: this is no published log")
        newest, note = found
        leaves = [leaf_hash(read_file(self.folder, numbered("entry", i))) for i in range(newest.size)]
        demand(tree_root(leaves) == newest.root, "the entries are not those under the checkpoint's root")
        own, rosters = table(self.folder, f"round/{self.round_id.hex()}"), table(self.folder, "rosters")
        demand(own[-1] < newest.size and rosters[-1] < newest.size and rosters[0] < own[0], "a table of contents speaks of entries that are not there")
        index = [i for i in rosters if i < own[0]][-1]
        signed = read_leaf(self.folder, index)[1].envelope
        demand(signed and signed.kind == ROSTER, f"entry {index} is no roster")
        head, note = self._head(index, signed.body, newest, note, leaves, own[-1]) if index != rosters[-1] else (newest, note)
        yield SimpleNamespace(header=self._header(signed.body, head, note, leaves), entry=None, blob=None)
        for i in own:
            leaf, entry = read_leaf(self.folder, i)
            yield SimpleNamespace(header=None, entry=SimpleNamespace(index=i, leaf=leaf, path=inclusion(i, leaves[:head.size])), blob=None)
        for party in self._survivors(entry):
            data = find_file(self.folder, f"vector/{self.round_id.hex()}/{party}")
            if data is None:
                return
            yield SimpleNamespace(header=None, entry=None, blob=SimpleNamespace(party=party, data=data))

    def _head(self, index, signed, newest, note, leaves, last):
        found = own_head(self.folder, index, leaves)
        # A round that a crash interrupted may have been aborted under a later roster than its own.
        return found if found and found[0].size > last else (newest, under(note, check_roster(signed)[0]))

    def _header(self, roster, head, note, leaves):
        known = parse_note(self.remembered) if self.remembered else None
        size = known.size if known and known.size <= len(leaves) else 0
        small, large = sorted((size, head.size))
        return SimpleNamespace(roster=roster, checkpoint=note, round_id=self.round_id, remembered_size=size,
                               remembered_root=tree_root(leaves[:size]) if size else b"", consistency=extension(small, leaves[:large]) if size else [])

    @staticmethod
    def _survivors(entry):
        try:
            return sorted(decode("Total", entry.envelope.body).survivors) if entry.envelope and entry.envelope.kind == TOTAL else []
        except Malformed:
            return []
