"""The messages that this client reads and writes, in their one canonical encoding (protos/secagg/v1/analysis.proto and query.proto).

Protocol Buffers with fields in the order of their numbers, numbers of repeated fields packed, and nothing that is at its default. A message is a dict by
field name. `decode` refuses bytes that `encode` would not have written.
"""

import struct
from types import MappingProxyType

# After a type: [] repeated; ? has presence, so that a zero is written if it was given; the members of a oneof have presence too.
MESSAGES = {
    "Analysis": "1 version u32, 2 columns Column[], 3 measures Measure[], 4 where Filter, 5 group_by GroupBy[], 6 row_rule u32, 7 rows_per_person u32, "
                "8 rows_per_party u64, 9 groups_per_person u32, 10 derived Derived[]",
    "DatasetSchema": "1 name string, 2 description string, 3 row_rule u32, 4 columns Column[], 5 owner string, 6 access u32",
    "Column": "1 name string, 2 type u32, 3 unit string, 4 description string, 5 low double?, 6 high double?, 7 resolution double?, 8 categories string[], "
              "9 top_code double?",
    "Measure": "1 kind u32, 2 columns string[], 3 edges double[], 4 weight u32, 5 at double[], 6 keys GroupBy[], 7 coefficients double[], 8 weight_bound u32, "
               "9 residual_bound u32, 10 deviance_bound u32, 11 iterations u32, 12 per double, 13 count u32",
    "Derived": "1 name string, 2 bins BinsOf, 3 ratio Ratio, 4 age Interval, 5 days Interval, 6 recode Recode",
    "BinsOf": "1 column string, 2 edges double[], 3 labels string[]",
    "Ratio": "1 numerator string, 2 denominator string, 3 low double, 4 high double, 5 resolution double?, 6 unit string",
    "Interval": "1 from string, 2 to_column string?, 3 to_day double?, 4 low s32, 5 high s32",
    "Recode": "1 column string, 2 map Recoding[], 3 else string?",
    "Recoding": "1 label string, 2 keys string[]",
    "GroupBy": "1 column string, 2 keys string[]",
    "Filter": "1 comparison Comparison, 2 membership Membership, 3 between Between, 4 is_null string?, 5 all FilterList, 6 any FilterList, 7 negated Filter",
    "FilterList": "1 items Filter[]",
    "Comparison": "1 column string, 2 operator u32, 3 value FilterValue",
    "Membership": "1 column string, 2 values FilterValue[]",
    "Between": "1 column string, 2 low double, 3 high double",
    "FilterValue": "1 number double?, 2 label string?",
    "Query": "1 roster_hash bytes, 2 query_id bytes, 3 not_after u64, 4 attempts u32, 5 title string, 6 dataset string, 7 epsilon_micro u64, 8 noise u32, "
             "9 min_survivors u32, 10 analysis bytes, 11 coordinator_key bytes, 12 study string",
    "SignedRoster": "1 body bytes, 2 signatures RosterSignature[]",
    "RosterSignature": "1 public_key bytes, 2 signature bytes",
    "Roster": "1 consortium string, 2 epoch u64, 3 previous_hash bytes, 4 not_after u64, 5 parties RosterParty[], 6 coordinators RosterOfficer[], "
              "7 auditors RosterOfficer[], 8 aggregator_key bytes, 9 log_origin string, 10 max_colluders u32, 11 min_survivors u32, 12 min_honest u32, "
              "13 dropout_permille u32, 14 witnesses u32, 15 sparse_graph u32",
    "RosterParty": "1 index u32, 2 name string, 3 public_key bytes, 4 founder u32",
    "RosterOfficer": "1 name string, 2 public_key bytes, 3 founder u32",
}
MOST_DEPTH = 40
BITS = {"u32": 32, "u64": 64, "s32": 32}


class Malformed(ValueError):
    """Bytes are not the canonical encoding of the message that they stand for."""


def _fields(table):
    for field in table.split(", "):
        number, name, kind = field.split()
        yield int(number), name, kind.rstrip("[]?"), kind.endswith("[]"), kind.endswith("?")


FIELDS = MappingProxyType({message: tuple(_fields(table)) for message, table in MESSAGES.items()})


def encode(message, value):
    """The canonical bytes of a message; unknown names and numbers that do not fit are refused."""
    known = {name for _, name, _, _, _ in FIELDS[message]}
    if unknown := value.keys() - known:
        raise ValueError(f"{message} has no {', '.join(sorted(unknown))}")
    return b"".join(_field(number, kind, repeated, presence, value[name])
                    for number, name, kind, repeated, presence in FIELDS[message] if value.get(name) is not None)


def _field(number, kind, repeated, presence, value):
    if not repeated:
        return _one(number, kind, value, presence)
    if kind == "double":
        return _delimited(number, b"".join(struct.pack("<d", x) for x in value)) if value else b""
    return b"".join(_one(number, kind, x, True) for x in value)


def _one(number, kind, value, always):
    if kind in BITS:
        return _varint(number << 3) + _varint(_unsigned(kind, value)) if value or always else b""
    if kind == "double":
        # Minus zero is another number on the wire, and none that is asked for.
        return _varint(number << 3 | 1) + struct.pack("<d", value + 0.0) if value or always else b""
    if kind == "string":
        value = value.encode()
    elif kind != "bytes":
        return _delimited(number, encode(kind, value))
    return _delimited(number, value) if value or always else b""


def _unsigned(kind, value):
    least, most = (-(1 << 31), 1 << 31) if kind == "s32" else (0, 1 << BITS[kind])
    if not isinstance(value, int) or not least <= value < most:
        raise ValueError(f"{value} is no number of this field")
    return (value << 1 if value >= 0 else (-value << 1) - 1) if kind == "s32" else value


def _delimited(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def decode(message, data, most=1 << 20):
    """The message of canonical bytes."""
    if len(data) > most:
        raise Malformed(f"{message} has {len(data)} bytes, at most {most}")
    value = _decode(message, bytes(data), 0)
    if encode(message, value) != data:
        raise Malformed(f"{message} is not in canonical form")
    return value


def _decode(message, data, depth):
    if depth > MOST_DEPTH:
        raise Malformed(f"{message} is nested too deeply")
    value, at, fields = {}, 0, {number: rest for number, *rest in FIELDS[message]}
    try:
        while at < len(data):
            key, at = _read(data, at)
            name, kind, repeated, _ = fields[key >> 3]
            if key & 7 == 0 and kind in BITS:
                number, at = _read(data, at)
                found = (number >> 1) ^ -(number & 1) if kind == "s32" else number
            elif key & 7 == 1 and kind == "double":
                found, at = struct.unpack_from("<d", data, at)[0], at + 8
            elif key & 7 == 2 and kind not in BITS:
                size, at = _read(data, at)
                part, at = data[at:at + size], at + size
                if len(part) != size:
                    raise Malformed(f"{message}.{name} ends too early")
                if kind == "double":
                    value.setdefault(name, []).extend(x for x, in struct.iter_unpack("<d", part))
                    continue
                found = part if kind == "bytes" else part.decode() if kind == "string" else _decode(kind, part, depth + 1)
            else:
                raise Malformed(f"{message}.{name} has another type")
            if repeated:
                value.setdefault(name, []).append(found)
            elif name in value:
                raise Malformed(f"{message}.{name} is there twice")
            else:
                value[name] = found
    except (KeyError, IndexError, struct.error, UnicodeDecodeError) as fault:
        raise Malformed(f"{message} cannot be read") from fault
    return value


def _read(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at
        if shift > 63:
            raise Malformed("a number is too long")
