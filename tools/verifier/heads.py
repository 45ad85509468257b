"""Section 4: rosters and heads of logs."""

import base64
import binascii
from types import SimpleNamespace

from .base import END_OF_TIME, MIB, H, Malformed, Refused, ascending, demand, is_point, is_signed, sha256
from .wire import decode


def unbase64(text, size):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size and base64.b64encode(data).decode() == text else None


def parse_note(note):
    """A head: text that is signed, origin, size, root, lines (name, key id, signature); None if it is not in the form."""
    parts = note.split("\n")
    if len(note.encode()) > MIB or len(parts) < 6 or parts[-1] or parts[3] or not parts[0]:
        return None
    size, root = parts[1], unbase64(parts[2], 32)
    if root is None or not (size.isascii() and size.isdigit() and len(size) < 20 and int(size) < 2**63) or str(int(size)) != size:
        return None
    lines = []
    for line in parts[4:-1]:
        words = line.split(" ")
        value = unbase64(words[2], 68) if len(words) == 3 and words[0] == "\u2014" and words[1] else None
        if value is None:
            return None
        lines.append((words[1], value[:4], value[4:]))
    return SimpleNamespace(text="\n".join(parts[:3]).encode() + b"\n", origin=parts[0], size=int(size), root=root, lines=lines)


def key_id(name, key):
    return sha256(name.encode() + b"\n\xffsecagg-p256" + key)[:4]


def check_roster(signed):
    try:
        signed = decode("SignedRoster", signed)
        roster = decode("Roster", signed.body)
    except Malformed as fault:
        raise Refused(f"the roster cannot be read: {fault}") from None
    parties, officers = roster.parties, roster.coordinators + roster.auditors
    n, c, w = len(parties), roster.max_colluders, roster.witnesses
    keys = [member.public_key for member in parties + officers] + [roster.aggregator_key]
    demand(3 <= n <= 1024, "the roster has fewer than 3 or more than 1,024 parties")
    demand(len(roster.previous_hash) == (32 if roster.epoch > 1 else 0) and roster.epoch >= 1, "the roster's epoch or previous hash")
    demand(ascending([p.index for p in parties]) and parties[-1].index < 2**32 - 2, "the roster's indices are not ascending")
    demand(all(map(is_point, keys)) and len(set(keys)) == len(keys), "a key of the roster is no point, or is there twice")
    demand(roster.coordinators and any(p.founder for p in parties), "the roster has no coordinator, or no founder among the parties")
    demand(3 <= roster.min_survivors <= n and roster.min_honest >= 2 and c + roster.min_honest <= n, "the roster's floors")
    demand(roster.dropout_permille <= 500 and w <= n and 2 * w > n + c, "the roster's dropouts or witnesses")
    demand(0 < roster.not_after < END_OF_TIME, "the roster's end")
    demand(1 <= len(roster.log_origin) <= 128 and all("!" <= x <= "~" and x != "+" for x in roster.log_origin), "the roster's log origin")
    founders = sorted(member.public_key for member in parties + officers if member.founder)
    demand([s.public_key for s in signed.signatures] == founders, "the roster's signatures are not one of each founder, ascending")
    digest = H("sign/roster", signed.body)
    demand(all(is_signed(s.public_key, digest, s.signature) for s in signed.signatures), "a founder's signature under the roster is wrong")
    return roster, H("roster", signed.body)


def check_head(note, roster):
    """A head signed by the roster's station, and a sentence on who else did."""
    head = parse_note(note)
    demand(head, "the checkpoint is no signed note of a log")
    origin = roster.log_origin
    demand(head.origin == origin, "the checkpoint is of another log than the roster's")
    signers = {f"{origin}/party/{p.index}": p.public_key for p in roster.parties} | {origin: roster.aggregator_key}
    names = [name for name, _, _ in head.lines]
    demand(len(set(names)) == len(names) and origin in names, "the station has not signed the checkpoint, or somebody has twice")
    for name, identity, signature in head.lines:
        demand(name in signers and identity == key_id(name, signers[name]), f"the checkpoint is signed by a stranger, {name}")
        digest = H("checkpoint" if name == origin else "cosign", head.text)
        demand(is_signed(signers[name], digest, signature), f"the signature of {name} under the checkpoint is wrong")
    witnessed = "" if len(names) > roster.witnesses else "not "
    return head, (f"head of {head.size} entries of {origin}, signed by the station, cosigned by {len(names) - 1} of {len(signers) - 1} "
                  f"parties, {roster.witnesses} needed: {witnessed}witnessed")
