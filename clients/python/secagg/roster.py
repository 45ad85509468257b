"""The signed roster: who belongs, and by whose keys everything is held. A file of the analyst's, never the station's word."""

import hashlib
import struct
from dataclasses import dataclass

from . import p256
from .wire import Malformed, decode


def label_hash(purpose, *fields):
    """The protocol's hash of fields under a purpose (docs/transcript.md, section 1)."""
    label = b"secagg/v1/" + purpose.encode()
    hasher = hashlib.sha256(struct.pack(">H", len(label)) + label)
    for field in fields:
        hasher.update(struct.pack(">I", len(field)))
        hasher.update(field)
    return hasher.digest()


class RosterError(ValueError):
    """No roster that all its founders signed."""


@dataclass(frozen=True)
class Roster:
    """What this client needs of a roster whose signatures hold."""

    consortium: str
    epoch: int
    hash: bytes
    not_after: int
    min_survivors: int
    coordinators: dict  # public key, 65 bytes, to name
    max_colluders: int = 0
    min_honest: int = 0

    def honest_floor(self, min_survivors):
        """How many honest outposts every total holds at least that opens with so many survivors or more."""
        return max(max(self.min_survivors, min_survivors) - self.max_colluders, self.min_honest)

    @classmethod
    def open(cls, signed):
        """Reads the bytes of a roster file, and checks every founder's signature."""
        try:
            envelope = decode("SignedRoster", signed)
            body = envelope.get("body", b"")
            roster = decode("Roster", body)
        except Malformed as fault:
            raise RosterError(f"the roster cannot be read: {fault}") from None
        officers = roster.get("coordinators", []) + roster.get("auditors", [])
        founders = sorted(m.get("public_key", b"") for m in roster.get("parties", []) + officers if m.get("founder"))
        signatures = envelope.get("signatures", [])
        if not founders or [s.get("public_key") for s in signatures] != founders:
            raise RosterError("the roster's signatures are not one of each founder; `secagg roster show` says whose is missing")
        digest = label_hash("sign/roster", body)
        if not all(p256.verify(s["public_key"], digest, s.get("signature", b"")) for s in signatures):
            raise RosterError("a founder's signature under the roster is wrong")
        return cls(roster.get("consortium", ""), roster.get("epoch", 0), label_hash("roster", body), roster.get("not_after", 0), roster.get("min_survivors", 0),
                   {c.get("public_key", b""): c.get("name", "") for c in roster.get("coordinators", [])},
                   roster.get("max_colluders", 0), roster.get("min_honest", 0))
