"""Canonical proto3 encodings of protos/secagg/v1: fields ascending, defaults left out, numbers packed."""

KINDS = "propose join decline advertise advertised share shared input survivors agree agreed unmask recovery recover total abort".split()
REFUSALS = (
    "UNSPECIFIED BAD_SIGNATURE BAD_MESSAGE WRONG_ROSTER EXPIRED ATTEMPTS_USED ALREADY_RELEASED ROUND_SEEN POLICY SCHEMA BUDGET FLOORS "
    "UNKNOWN_DATASET NOISE_MODE NOT_INVITED OWN_MESSAGE_CHANGED BAD_SHARES DISPUTES SURVIVOR_SET SECOND_SURVIVOR_SET DIFFERENCING "
    "NO_QUORUM BOTH_SECRETS LOG DATA_SOURCE OUT_OF_ORDER"
).split()
REJECTIONS = "NONE BAD_MESSAGE BAD_SIGNATURE WRONG_PARTY WRONG_PHASE CONFLICT BAD_CONTENT WRONG_SECRET".split()


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def uint(number, value):
    return varint(number << 3) + varint(value) if value else b""


def data(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


def text(number, value):
    return data(number, value.encode())


def packed(number, values):
    return data(number, b"".join(map(varint, values)))


def repeated(number, values):
    """Repeated messages or bytes: an empty element is written too."""
    return b"".join(varint(number << 3 | 2) + varint(len(value)) + value for value in values)


def signed_body(body, signature):
    return data(1, body) + data(2, signature)


def signed_bodies(pairs):
    """Advertised, Shared, Survivors and Agreed are all field 1, repeated SignedBody."""
    return repeated(1, [signed_body(*pair) for pair in pairs])


def envelope(kind, body, signature, detached=()):
    return uint(1, KINDS.index(kind) + 1) + data(2, body) + data(3, signature) + repeated(4, detached)


def roster_party(index, name, public, founder):
    return uint(1, index) + text(2, name) + data(3, public) + uint(4, founder)


def roster_officer(name, public, founder):
    return text(1, name) + data(2, public) + uint(3, founder)


def roster(consortium, epoch, not_after, parties, coordinators, auditors, aggregator, origin, c, survivors, honest, dropout, witnesses, sparse):
    return (
        text(1, consortium)
        + uint(2, epoch)
        + uint(4, not_after)
        + repeated(5, parties)
        + repeated(6, coordinators)
        + repeated(7, auditors)
        + data(8, aggregator)
        + text(9, origin)
        + uint(10, c)
        + uint(11, survivors)
        + uint(12, honest)
        + uint(13, dropout)
        + uint(14, witnesses)
        + uint(15, sparse)
    )


def query(roster_hash, query_id, not_after, attempts, title, dataset, epsilon_micro, noise, min_survivors, analysis, coordinator):
    return (
        data(1, roster_hash)
        + data(2, query_id)
        + uint(3, not_after)
        + uint(4, attempts)
        + text(5, title)
        + text(6, dataset)
        + uint(7, epsilon_micro)
        + uint(8, noise)
        + uint(9, min_survivors)
        + data(10, analysis)
        + data(11, coordinator)
    )


def proposal(suite, round_id, query_body, query_signature, invited, deadlines):
    return uint(1, suite) + data(2, round_id) + data(3, query_body) + data(4, query_signature) + packed(5, invited) + packed(6, deadlines)


def advertise(party, public, fresh, key_not_after):
    return uint(1, party) + data(2, public) + data(3, fresh) + uint(4, key_not_after)


def share(party, commitment_b, commitment_q, root):
    return uint(1, party) + data(2, commitment_b) + data(3, commitment_q) + data(4, root)


def input_header(party, digest, commitment, charged, complaints_root=b""):
    return uint(1, party) + data(2, digest) + data(3, commitment) + data(4, complaints_root) + uint(5, charged)


def agree(party, digest):
    return uint(1, party) + data(2, digest)


def unmask(party, b, seeds):
    return uint(1, party) + data(2, b) + repeated(3, [uint(1, v) + data(2, seed) for v, seed in seeds])


def recovery(silent, dropped):
    return packed(1, silent) + packed(2, dropped)


def revealed(dealer, share_bytes, blinder, sibling):
    return uint(1, dealer) + data(2, share_bytes) + data(3, blinder) + data(4, sibling)


def recover(party, self_shares, recovery_shares):
    return uint(1, party) + repeated(2, self_shares) + repeated(3, recovery_shares)


def total(survivors, bits, length, entries, root, blamed, packed_total):
    blames = repeated(6, [uint(1, party) + uint(2, code) for party, code in blamed])
    return packed(1, survivors) + uint(2, bits) + uint(3, length) + uint(4, entries) + data(5, root) + blames + data(7, packed_total)


def entry(round_id, time_ms, sender, envelope_bytes, rejection=0):
    return data(1, round_id) + uint(2, time_ms) + uint(3, sender) + repeated(4, [envelope_bytes]) + uint(5, rejection)
