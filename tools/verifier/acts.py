"""Section 14: the administrative acts of a published log (section 12)."""

from types import SimpleNamespace

from .base import H, Malformed, Refused, demand, is_signed, leaf_hash, tree_root
from .heads import check_head, check_roster
from .tiles import ROSTER, check_heads, read_leaf, read_note
from .wire import decode

ACT, PUBLISHED = 19, 7
CODES = ["", "account added", "account changed", "account removed", "key added", "key revoked", "round stopped", "roster published"]
BY_MEMBERS = (1, 2, 3)


def check_act(roster, entry, index):
    envelope = entry.envelope
    demand(not entry.round_id and entry.sender == 0 and entry.rejection == 0 and not envelope.detached,
           "an act belongs to no round, has no party as its sender, is not rejected and has no detached parts", index)
    demand(len(envelope.body) <= 4096, "an act is larger than 4,096 bytes", index)
    try:
        act = decode("Act", envelope.body)
    except Malformed as fault:
        raise Refused(f"the act cannot be read: {fault}", index) from None
    length = {name: len(getattr(act, name).encode("utf-16-le")) // 2 for name in ("subject", "by", "detail")}
    demand(act.code != 0 and 1 <= length["subject"] <= 128 and 1 <= length["by"] <= 128 and length["detail"] <= 512 and len(act.mark) in (0, 32),
           "an act says what was done, about what, and by whom", index)
    demand(bool(act.signer) == (act.number != 0), "an act that a member signs has a number from 1, and one of the station has none", index)
    digest = H("sign/act", roster.log_origin.encode(), envelope.body)
    if not act.signer:
        demand(is_signed(roster.aggregator_key, digest, envelope.signature), "the act is not signed by the roster's station", index)
        return act
    demand(act.code in BY_MEMBERS, "a member signs for accounts of its dashboard and for nothing else", index)
    demand(any(act.signer == member.public_key for member in [*roster.coordinators, *roster.auditors]),
           "the act is signed by a key that is no coordinator's and no auditor's of the roster in force", index)
    demand(is_signed(act.signer, digest, envelope.signature), "the act is not signed by the member whom it names", index)
    return act


def signer_of(roster, act):
    """The name of the member who signed; None for the station."""
    return next((member.name for member in [*roster.coordinators, *roster.auditors] if member.public_key == act.signer), None) if act.signer else None


class RosterActs:
    """Acts of code 7: each stands right before the roster that it is about, or right behind it if a start of the station brought it."""

    def __init__(self):
        self.unsaid, self.announced, self.last = [], None, None

    def take_roster(self, index, roster):
        said, subject = self.announced is not None, f"epoch {roster.epoch}"
        demand(self.announced in (None, subject), f"the act before it says that the roster of {self.announced} was put in force, which is not beside it", index)
        if not said and index > 0:
            self.unsaid.append(index)
        self.announced, self.last = None, None if said else subject

    def take_other(self, index, act=None):
        demand(self.announced is None, f"the act before it says that the roster of {self.announced} was put in force, which is not beside it", index)
        if act and act.code == PUBLISHED:
            if act.subject == self.last:
                self.unsaid.pop()
            else:
                self.announced = act.subject
        self.last = None


def verify_acts(folder, pinned=None):
    """The head, all acts of a whole log, oldest first, and the indices of rosters of which no act says who put them in force. Every entry is hashed into the
    head's root. Refused if something does not hold."""
    found = read_note(folder)
    demand(found, "there is no checkpoint: this is no published log")
    note, digest, rosters, leaves, acts, numbers, said = found[0], None, [], [], [], {}, RosterActs()
    for index in range(note.size):
        leaf, entry = read_leaf(folder, index)
        leaves.append(leaf_hash(leaf))
        kind = entry.envelope.kind if entry.envelope else 0
        if kind == ROSTER:
            roster, digest = check_roster(entry.envelope.body)
            rosters.append((index, roster))
            said.take_roster(index, roster)
        elif kind == ACT:
            demand(rosters, "an act comes before any roster", index)
            act = check_act(roster, entry, index)
            if act.signer:
                after = numbers.get(act.signer, 0) + 1
                demand(act.number == after, f"the act is number {act.number} of its signer, and {after} comes next: one was left out, put in twice or moved", index)
                numbers[act.signer] = after
            said.take_other(index, act)
            acts.append(SimpleNamespace(index=index, time_ms=entry.time_ms, act=act, signer=signer_of(roster, act), code=CODES[act.code] if 0 < act.code < len(CODES) else str(act.code)))
        else:
            said.take_other(index)
    said.take_other(note.size - 1)
    demand(rosters, "the log holds no roster")
    demand(pinned in (None, digest), f"the log's last roster is {digest.hex()}, not the pinned one")
    demand(tree_root(leaves) == note.root, "the entries are not those under the checkpoint's root")
    check_head(found[1], roster)
    check_heads(folder, rosters, leaves)
    return note, acts, said.unsaid
