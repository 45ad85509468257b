"""Sections 1, 2 and 7.1: canonical messages, and the records of a file."""

import os
from types import SimpleNamespace

from .base import MIB, Malformed

MOST_RECORD = 192 * MIB
MOST_ELEMENTS = 1 << 20     # of one repeated field: none of the protocol comes near, and empty elements take more memory than bytes

# [] after a type: repeated.
MESSAGES = {
    "BundleRecord": "1 header BundleHeader, 2 entry BundleEntry, 3 blob BundleBlob",
    "BundleHeader": "1 roster bytes, 2 checkpoint string, 3 round_id bytes, 4 remembered_size u64, 5 remembered_root bytes, "
                    "6 consistency bytes[]",
    "BundleEntry": "1 index u64, 2 leaf bytes, 3 path bytes[]",
    "BundleBlob": "1 party u32, 2 data bytes",
    "Entry": "1 round_id bytes, 2 time_ms u64, 3 sender u32, 4 envelope Envelope, 5 rejection enum",
    "Envelope": "1 kind enum, 2 body bytes, 3 signature bytes, 4 detached bytes[]",
    "SignedRoster": "1 body bytes, 2 signatures RosterSignature[]",
    "RosterSignature": "1 public_key bytes, 2 signature bytes",
    "Roster": "1 consortium string, 2 epoch u64, 3 previous_hash bytes, 4 not_after u64, 5 parties RosterParty[], "
              "6 coordinators RosterOfficer[], 7 auditors RosterOfficer[], 8 aggregator_key bytes, 9 log_origin string, "
              "10 max_colluders u32, 11 min_survivors u32, 12 min_honest u32, 13 dropout_permille u32, "
              "14 witnesses u32, 15 sparse_graph bool",
    "RosterParty": "1 index u32, 2 name string, 3 public_key bytes, 4 founder bool",
    "RosterOfficer": "1 name string, 2 public_key bytes, 3 founder bool",
    "Proposal": "1 suite u32, 2 round_id bytes, 3 query bytes, 4 query_signature bytes, 5 invited u32[], 6 deadlines_ms u32[]",
    "Query": "1 roster_hash bytes, 2 query_id bytes, 3 not_after u64, 4 attempts u32, 5 title string, 6 dataset string, "
             "7 epsilon_micro u64, 8 noise enum, 9 min_survivors u32, 10 analysis bytes, 11 coordinator_key bytes, 12 study string",
    "Join": "1 party u32",
    "Decline": "1 party u32, 2 code enum, 3 earlier_round bytes",
    "Advertise": "1 party u32, 2 public_key bytes, 3 fresh bytes, 4 key_not_after u64",
    "Advertised": "1 signed SignedBody[]",
    "Share": "1 party u32, 2 self_commitment bytes, 3 recovery_commitment bytes, 4 entries_root bytes",
    "Shared": "1 signed SignedBody[]",
    "Input": "1 party u32, 2 vector_digest bytes, 3 input_commitment bytes, 4 complaints_root bytes, 5 charged_micro u64",
    "VectorFault": "1 party u32, 2 received_digest bytes",
    "Survivors": "1 signed SignedBody[]",
    "Agree": "1 party u32, 2 survivors_digest bytes",
    "Agreed": "1 signed SignedBody[]",
    "Unmask": "1 party u32, 2 self_seed bytes, 3 dropped PairSeed[]",
    "PairSeed": "1 neighbour u32, 2 seed bytes",
    "Recovery": "1 silent u32[], 2 dropped u32[]",
    "Recover": "1 party u32, 2 self_shares RevealedShare[], 3 recovery_shares RevealedShare[]",
    "RevealedShare": "1 dealer u32, 2 share bytes, 3 blinder bytes, 4 sibling bytes",
    "Total": "1 survivors u32[], 2 bits u32, 3 length u32, 4 entries u32, 5 entries_root bytes, 6 blamed Blame[], 7 packed bytes",
    "Abort": "1 reason enum, 2 blamed Blame[], 3 entries u32, 4 entries_root bytes",
    "Blame": "1 party u32, 2 code enum",
    "SignedBody": "1 body bytes, 2 signature bytes",
    "Act": "1 code enum, 2 subject string, 3 by string, 4 detail string, 5 mark bytes, 6 signer bytes, 7 number u64",
}
NUMBERS = {"u32": 2**32, "u64": 2**64, "bool": 2, "enum": 2**64}
DEFAULTS = {"bytes": b"", "string": ""}


def _fields(table):
    for field in table.split(", "):
        number, name, kind = field.split()
        yield int(number), (name, kind.removesuffix("[]"), kind.endswith("[]"))


SCHEMA = {message: dict(_fields(table)) for message, table in MESSAGES.items()}


def varint(data, at):
    """The number at `at`, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a varint that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    if value >= 2**64 or byte == 0 and shift > 7:
        raise Malformed("a varint that is too large or not in its shortest form")
    return value, at


def number(data, at, kind):
    value, at = varint(data, at)
    if value >= NUMBERS[kind] or kind == "enum" and 2**31 <= value < 2**64 - 2**31:
        raise Malformed(f"{value} is no {kind}")
    return value - 2**64 if kind == "enum" and value >= 2**63 else value, at


def decode(message, data):
    """A message with all its fields, and its size; absent ones have their default, absent messages are None."""
    schema = SCHEMA[message]
    result = SimpleNamespace(**{
        name: [] if repeated else DEFAULTS.get(kind, 0 if kind in NUMBERS else None) for name, kind, repeated in schema.values()})
    result.size = len(data)
    at = last = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag >> 3 not in schema:
            raise Malformed(f"{message} has no field {tag >> 3}")
        name, kind, repeated = schema[tag >> 3]
        if not (tag >> 3 > last or tag >> 3 == last and repeated and kind not in NUMBERS):
            raise Malformed(f"{message}.{name} is out of order or there twice")
        last = tag >> 3
        if tag & 7 != (0 if kind in NUMBERS and not repeated else 2):
            raise Malformed(f"{message}.{name} has another wire type")
        if tag & 7 == 0:
            value, at = number(data, at, kind)
        else:
            size, at = varint(data, at)
            if size > len(data) - at:
                raise Malformed(f"{message}.{name} is cut off")
            value, at = _value(kind, data[at:at + size]), at + size
        if not repeated:
            if value in (0, b"", ""):
                raise Malformed(f"{message}.{name} is written and has its default")
            setattr(result, name, value)
        elif kind in NUMBERS:
            setattr(result, name, value)
        else:
            elements = getattr(result, name)
            elements.append(value)
            if len(elements) > MOST_ELEMENTS:
                raise Malformed(f"{message}.{name} has more than {MOST_ELEMENTS} elements")
    return result


def _value(kind, data):
    if kind == "bytes":
        return data
    if kind == "string":
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Malformed("a string is not UTF-8") from None
    if kind not in NUMBERS:
        return decode(kind, data)
    values, at = [], 0
    while at < len(data):
        value, at = number(data, at, kind)
        values.append(value)
        if len(values) > MOST_ELEMENTS:
            raise Malformed(f"a list has more than {MOST_ELEMENTS} elements")
    if not values:
        raise Malformed("a packed list is written and empty")
    return values


class Records:
    """The records of a file, one after the other."""

    def __init__(self, file):
        self.file = file
        self.left = os.fstat(file.fileno()).st_size
        self.next_number = 0

    def _read(self, size):
        data = self.file.read(size)
        self.left -= size
        if len(data) != size:
            raise Malformed("the file became shorter while it was read")
        return data

    def has_magic(self):
        return self._read(min(8, self.left)) == b"SECAGG\x00\x01"

    def next(self):
        """(number, record), or (number, None) at the end of the file; raises Malformed with `number` left in `next_number`."""
        if self.left == 0:
            return self.next_number, None
        head = b""
        while not head or head[-1] >= 128:
            if self.left == 0 or len(head) == 10:
                raise Malformed("the length of a record cannot be read")
            head += self._read(1)
        size, _ = varint(head, 0)
        if size > min(self.left, MOST_RECORD):
            raise Malformed(f"a record of {size} bytes: the file has {self.left} more, and the limit is {MOST_RECORD}")
        record = decode("BundleRecord", self._read(size))
        if sum(part is not None for part in (record.header, record.entry, record.blob)) > 1:
            raise Malformed("a record is one of header, entry and blob")
        self.next_number += 1
        return self.next_number - 1, record
