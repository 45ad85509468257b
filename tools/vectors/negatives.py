"""Messages that a receiver must refuse: each is one step of a good round, changed in one respect and signed again by its sender.

The readings of the document on which an expected code rests are in README.md.
"""

import primitives as p
import wire
from aggregation import CHARGE, DEADLINES, NOW, SUITE, ZERO_KEY, Round, h, pack, u32

FIVE, RECOVERY, DISPUTED, EVERYWHERE, BADLY = "02-one-drops", "03-recovery", "04-disputed-pair", "05-dropouts-everywhere", "08-bad-dealing"
VECTORS = "wrong", "too long", "incomplete"
BODY_KIND = {"advertised": "advertise", "shared": "share", "survivors": "input", "agreed": "agree"}


def _case(name, description, base, round_, message, receiver, code, step=None, earlier=None):
    sender = message["from"]
    if step is None:
        step = round_.sent(message["kind"], sender)["step"]
    key = "vector" if code in VECTORS else "rejection" if receiver == "station" else "refusal"
    assert code in {"vector": VECTORS, "rejection": wire.REJECTIONS, "refusal": wire.REFUSALS}[key]
    return {
        "name": name,
        "description": description,
        "base": base + ".json",
        **({"earlier": {"step": round_.sent(earlier["kind"], earlier["from"])["step"], "message": earlier}} if earlier else {}),
        "mutate": {"step": step, "message": message},
        "receiver": receiver,
        "expect": {key: code},
    }


def _overlong(varint_bytes):
    """The same number in one byte more."""
    return varint_bytes[:-1] + bytes([varint_bytes[-1] | 0x80, 0])


def _broadcast(round_, kind, replace=None, leave_out=(), add=None, **more):
    """The station's broadcast with some parties' bodies replaced ({party: (body, signature)}), left out, or added."""
    pairs = {**round_.bodies(BODY_KIND[kind]), **(replace or {}), **(add or {})}
    pairs = [pairs[i] for i in sorted(pairs) if i not in leave_out]
    return round_.message("station", kind, wire.signed_bodies(pairs), **more)


def _deliveries(round_, to):
    return [{"party": to, "from_dealers": [round_.delivery(u, to) for u in round_.neighbours(to, round_.u2)]}]


def _signed(round_, party, kind, body, context=None):
    message = round_.message(party, kind, body, context)
    return message["body"], message["signature"]


def _advertise(round_, i, public=None, fresh=None, end=None):
    party = round_.parties[i]
    return wire.advertise(i, public or party.ephemeral_public, fresh or party.fresh, end or party.key_not_after)


def _signatures(r):
    join = {**r.sent("join", 1), "signature": p.high_s(r.sent("join", 1)["signature"])}
    proposal = {**r.sent("propose"), "signature": p.high_s(r.sent("propose")["signature"])}
    body, signature = r.bodies("share")[2]
    other_round = r.context0_of(r.query_body, r.invited, DEADLINES, round_id=p.sha256(b"another round")[:16])
    replay = r.message(1, "advertise", r.sent("advertise", 1)["body"], context=other_round)
    yield _case("high-s-from-party", "Join of party 1 with s replaced by order − s.", FIVE, r, join, "station", "BAD_SIGNATURE")
    yield _case("high-s-from-station", "Proposal with s replaced by order − s.", FIVE, r, proposal, 1, "BAD_SIGNATURE")
    yield _case(
        "high-s-in-broadcast",
        "Shared in which the signature of party 2 has a high s.",
        FIVE,
        r,
        _broadcast(r, "shared", {2: (body, p.high_s(signature))}, deliveries=_deliveries(r, 1)),
        1,
        "BAD_SIGNATURE",
    )
    yield _case(
        "wrong-context-advertise", "Advertise of party 1 signed in a round with another id.", FIVE, r, replay, "station", "BAD_SIGNATURE"
    )


def _who_left(r):
    """Nothing that party 2 signed later vouches for its advertisement, so the advertisement's own signature counts."""
    body, signature = r.bodies("advertise")[2]
    forged = _broadcast(r, "advertised", {2: (body, p.high_s(signature))})
    yield _case(
        "high-s-of-who-left",
        "Shared without party 2, whose signature in Advertised had a high s.",
        EVERYWHERE,
        r,
        {**r.sent("shared"), "deliveries": _deliveries(r, 1)},
        1,
        "BAD_SIGNATURE",
        earlier=forged,
    )


def _encodings(r):
    def party(body):
        return r.message(1, "advertise", body)

    def station(body):
        return r.message("station", "propose", body)

    good, offer = r.sent("advertise", 1)["body"], r.sent("propose")["body"]
    own = r.parties[1]
    swapped = wire.uint(1, 1) + wire.data(3, own.fresh) + wire.data(2, own.ephemeral_public) + wire.uint(4, own.key_not_after)
    end = wire.varint(own.key_not_after)
    overlong = good[: -len(end)] + _overlong(end)
    twice = wire.uint(1, 1) + good
    head = wire.uint(1, SUITE) + wire.data(2, r.round_id) + wire.data(3, r.query_body) + wire.data(4, r.query_signature)
    loose = head + b"".join(b"\x28" + wire.varint(i) for i in r.invited) + wire.packed(6, DEADLINES)
    zero = b"\x08\x00" + r.sent("advertise", 0)["body"]
    inner = _signed(r, 2, "advertise", r.sent("advertise", 2)["body"] + wire.uint(15, 1))
    for name, what, body in (
        ("unknown-field", "Advertise of party 1 with an unknown field 15 at its end.", good + wire.uint(15, 1)),
        ("fields-out-of-order", "Advertise of party 1 with field 3 before field 2.", swapped),
        ("overlong-varint", "Advertise of party 1 whose key end is written with one byte too many.", overlong),
        ("field-twice", "Advertise of party 1 with its index written twice.", twice),
        ("truncated", "Advertise of party 1 without its last byte.", good[:-1]),
    ):
        yield _case(name + "-from-party", what, FIVE, r, party(body), "station", "BAD_MESSAGE")
    yield _case(
        "default-written-from-party",
        "Advertise of party 0 with its index, 0, written although it is the default.",
        FIVE,
        r,
        r.message(0, "advertise", zero),
        "station",
        "BAD_MESSAGE",
    )
    yield _case(
        "unknown-field-from-station",
        "Proposal with an unknown field 15 at its end.",
        FIVE,
        r,
        station(offer + wire.uint(15, 1)),
        1,
        "BAD_MESSAGE",
    )
    yield _case(
        "unpacked-from-station", "Proposal with the invited parties as unpacked numbers.", FIVE, r, station(loose), 1, "BAD_MESSAGE"
    )
    yield _case(
        "unknown-field-in-broadcast",
        "Advertised in which the body of party 2, signed by it, has an unknown field 15.",
        FIVE,
        r,
        _broadcast(r, "advertised", {2: inner}),
        1,
        "BAD_MESSAGE",
    )


def _offer(r, query=None, invited=None, deadlines=None):
    invited, deadlines = invited or r.invited, deadlines or DEADLINES
    query_body, query_signature = query or (r.query_body, r.query_signature)
    body = wire.proposal(SUITE, r.round_id, query_body, query_signature, invited, deadlines)
    return r.message("station", "propose", body, context=r.context0_of(query_body, invited, deadlines))


def _proposals(r):
    def offer(**change):
        return _offer(r, **change)

    # A founder's key signs, and the query still names the coordinator: the signature is what is wrong.
    forged = r.query_body, p.sign(r.parties[0].identity, h("sign/query", r.roster_hash, r.query_body))
    for name, what, message, code in (
        (
            "deadline-too-long",
            "Proposal whose fourth deadline is 10 minutes and 1 millisecond.",
            offer(deadlines=[60000] * 3 + [600001] + [60000] * 3),
            "BAD_MESSAGE",
        ),
        (
            "query-signed-by-party",
            "Proposal whose query is signed by party 0, though it names the coordinator.",
            offer(query=forged),
            "BAD_SIGNATURE",
        ),
        (
            "query-of-no-coordinator",
            "Proposal whose query names the key of party 0 and is signed with it.",
            offer(query=r.query(signer=r.parties[0].identity)),
            "BAD_SIGNATURE",
        ),
        ("query-expired", "Proposal whose query ended a minute ago.", offer(query=r.query(not_after=NOW - 60)), "EXPIRED"),
        (
            "query-of-another-roster",
            "Proposal whose query names another roster hash.",
            offer(query=r.query(roster_hash=h("roster", b"another"))),
            "WRONG_ROSTER",
        ),
    ):
        yield _case(name, what, FIVE, r, message, 1, code)


def _advertisements(r):
    x, y = p.times(r.parties[2].ephemeral)
    off = p.encode_point((x, y ^ 1))
    for name, what, body, code in (
        ("point-off-curve", "key is not on the curve", _advertise(r, 2, public=off), "BAD_MESSAGE"),
        ("key-end-too-far", "key ends 2 hours ahead", _advertise(r, 2, end=NOW + 7200), "EXPIRED"),
        ("key-end-past", "key ended an hour ago", _advertise(r, 2, end=NOW - 3600), "EXPIRED"),
    ):
        text = f"Advertise of party 2 whose {what}."
        yield _case(name + "-at-station", text, FIVE, r, r.message(2, "advertise", body), "station", "BAD_CONTENT")
        text = f"Advertised in which party 2's {what}; party 2 signed it."
        message = _broadcast(r, "advertised", {2: _signed(r, 2, "advertise", body)})
        yield _case(name + "-in-broadcast", text, FIVE, r, message, 1, code)
    changed = _signed(r, 1, "advertise", _advertise(r, 1, fresh=p.sha256(b"other bytes")))
    yield _case(
        "own-advertise-changed",
        "Advertised in which party 1 finds other fresh bytes of its own, with a good signature.",
        FIVE,
        r,
        _broadcast(r, "advertised", {1: changed}),
        1,
        "OWN_MESSAGE_CHANGED",
    )
    yield _case(
        "honest-floor",
        "Advertised without party 3: t = 3 of 4, t − c = 2, and the roster asks for 3 honest parties.",
        FIVE,
        r,
        _broadcast(r, "advertised", leave_out=[3]),
        1,
        "FLOORS",
    )
    body, signature = r.bodies("share")[2]
    doubled = [r.bodies("advertise")[i] for i in (0, 1, 2, 2, 3, 4)]
    yield _case(
        "advertise-doubled",
        "Advertised that lists party 2 twice.",
        FIVE,
        r,
        r.message("station", "advertised", wire.signed_bodies(doubled)),
        1,
        "BAD_MESSAGE",
    )


def _shares(r):
    """Of the round with 0 … 6: 6 declined, 2 vanished after its advertisement; party 1 receives, 3 deals."""
    deals = [r.delivery(dealer, 1) for dealer in r.u2 if dealer != 1]

    def shared(deliveries, **change):
        return _broadcast(r, "shared", deliveries=[{"party": 1, "from_dealers": deliveries}], **change)

    stranger = wire.share(6, p.sha256(b"b"), p.sha256(b"q"), p.sha256(b"root"))
    entry = r.dealt[3, 1]["entry"]
    tampered = [{**d, "entry": entry[:10] + bytes([entry[10] ^ 1]) + entry[11:]} if d["dealer"] == 3 else d for d in deals]
    invented = {"dealer": 6, "entry": (1).to_bytes(4, "big") + bytes(224), "path": deals[0]["path"]}
    for name, what, message, code in (
        (
            "u2-outside-u1",
            "Shared with a share of party 6, which is not in U1.",
            shared(deals + [invented], add={6: _signed(r, 6, "share", stranger)}),
            "BAD_MESSAGE",
        ),
        (
            "u2-below-t",
            "Shared with 3 parties, where t is 4.",
            shared([d for d in deals if d["dealer"] in (0, 3)], leave_out=[4, 5]),
            "FLOORS",
        ),
        ("entry-not-in-tree", "The station changed a byte of the entry of dealer 3 for party 1.", shared(tampered), "BAD_SHARES"),
    ):
        yield _case(name, what, EVERYWHERE, r, message, 1, code)


def _complaints(r):
    """Of the round in which party 0 dealt badly to 1 and 3; party 3 complains of others too, or otherwise."""
    rightly, key = r.complaint(3, 0), r.seal_key(0, 3)

    def complain(*complaints, root=None):
        party = r.parties[3]
        body = wire.input_header(3, party.h_y, party.h_x, CHARGE, root or p.merkle_root(complaints))
        return r.message(3, "input", body, vector=party.packed_y, detached=list(complaints))

    for name, what, message, code in (
        ("false", "also complains of party 2, whose shares open and fit", complain(rightly, r.complaint(3, 2)), "WRONG_SECRET"),
        ("other-key", "shows another key than the pair committed to", complain(r.complaint(3, 0, bytes([key[0] ^ 1]) + key[1:])), "WRONG_SECRET"),
        ("other-direction", "shows the key of the other direction", complain(r.complaint(3, 0, r.seal_key(3, 0))), "WRONG_SECRET"),
        ("of-itself", "complains of itself", complain(rightly, u32(3) + rightly[4:]), "WRONG_SECRET"),
        ("of-stranger", "complains of party 8, which is not there", complain(rightly, u32(8) + rightly[4:]), "WRONG_SECRET"),
        ("twice", "complains twice of party 0", complain(rightly, rightly), "BAD_CONTENT"),
        ("out-of-order", "complains of 2 before 0", complain(r.complaint(3, 2), rightly), "BAD_CONTENT"),
        ("short", "sends a complaint of 51 bytes", complain(rightly[:-1]), "BAD_CONTENT"),
        ("not-under-root", "signs the root of another complaint", complain(rightly, root=p.merkle_root([r.complaint(1, 0)])), "BAD_CONTENT"),
        ("missing", "signs a root and sends no complaint", complain(root=p.merkle_root([rightly])), "BAD_CONTENT"),
    ):
        yield _case("complaint-" + name, f"Input in which party 3 {what}.", BADLY, r, message, "station", code)


def _left_out(five, everywhere):
    """Without the receiver, each of these broadcasts still holds to every floor."""
    for name, base, r, message, code in (
        ("not-invited", EVERYWHERE, everywhere, _offer(everywhere, invited=[0, 2, 3, 4, 5, 6]), "NOT_INVITED"),
        ("own-advertise-missing", EVERYWHERE, everywhere, _broadcast(everywhere, "advertised", leave_out=[1]), "OWN_MESSAGE_CHANGED"),
        ("own-share-missing", FIVE, five, _broadcast(five, "shared", leave_out=[1]), "OWN_MESSAGE_CHANGED"),
    ):
        yield _case(name, f"{message['kind'].capitalize()} without party 1.", base, r, message, 1, code)


def _survivors(r):
    def header(i, digest):
        return _signed(r, i, "input", wire.input_header(i, digest, r.parties[i].h_x, CHARGE))

    stranger = _signed(r, 2, "input", wire.input_header(2, p.sha256(b"y"), p.sha256(b"x"), CHARGE))
    for name, what, message, code in (
        (
            "u3-outside-u2",
            "Survivors with an input of party 2, which is not in U2.",
            _broadcast(r, "survivors", add={2: stranger}),
            "SURVIVOR_SET",
        ),
        ("u3-below-t", "Survivors without party 5: 3 parties, where t is 4.", _broadcast(r, "survivors", leave_out=[5]), "SURVIVOR_SET"),
        (
            "own-vector-digest-changed",
            "Survivors in which party 1 finds another H(y) of its own, with a good signature.",
            _broadcast(r, "survivors", {1: header(1, p.sha256(b"y"))}),
            "OWN_MESSAGE_CHANGED",
        ),
    ):
        yield _case(name, what, EVERYWHERE, r, message, 1, code)
    for receiver, message, code in (
        ("station", r.message(3, "input", wire.input_header(3, r.parties[3].h_y, r.parties[3].h_x, CHARGE - 1)), "BAD_CONTENT"),
        (1, _broadcast(r, "survivors", {3: _signed(r, 3, "input", wire.input_header(3, r.parties[3].h_y, r.parties[3].h_x, CHARGE - 1))}), "BAD_MESSAGE"),
    ):
        at = "at-station" if receiver == "station" else "in-broadcast"
        text = f"{message['kind'].capitalize()} in which party 3 was charged a millionth less than the query costs."
        yield _case("charged-too-little-" + at, text, EVERYWHERE, r, message, receiver, code)
    yield _case(
        "second-survivor-set",
        "In place of Agreed, a second Survivors, in which party 3 has another H(y), signed by it.",
        EVERYWHERE,
        r,
        _broadcast(r, "survivors", {3: header(3, p.sha256(b"y"))}),
        1,
        "SECOND_SURVIVOR_SET",
        step=r.sent("agreed")["step"],
    )


def _agreements(r):
    other = wire.agree(2, h("survivors", r.context2, b"another U3"))
    yield _case(
        "too-few-agreements", "Agreed with 3 agreements, where t is 4.", FIVE, r, _broadcast(r, "agreed", leave_out=[4]), 1, "NO_QUORUM"
    )
    yield _case(
        "agreement-on-another-set",
        "Agreed in which party 2 agrees, with a good signature, to another digest.",
        FIVE,
        r,
        _broadcast(r, "agreed", {2: _signed(r, 2, "agree", other)}),
        1,
        "SURVIVOR_SET",
    )
    yield _case(
        "agree-another-digest",
        "Agree of party 2 with a digest that is not D3.",
        FIVE,
        r,
        r.message(2, "agree", other),
        "station",
        "BAD_CONTENT",
    )


def _vectors(r):
    def sent(vector):
        return r.message(2, "input", wire.input_header(2, r.vector_digest(2, vector), r.parties[2].h_x, CHARGE), vector=vector)

    y = r.parties[2].packed_y
    assert r.bits * r.length % 8
    for name, what, message, code in (
        (
            "padding-bits-set",
            "The last byte of the vector of party 2 has its highest bit, a padding bit, set; H(y) fits.",
            sent(y[:-1] + bytes([y[-1] | 0x80])),
            "wrong",
        ),
        ("vector-short", "The vector of party 2 lacks its last byte; H(y) fits what came.", sent(y[:-1]), "incomplete"),
        ("vector-long", "The vector of party 2 has a zero byte too many; H(y) fits what came.", sent(y + b"\0"), "too long"),
        (
            "vector-of-another-digest",
            "The vector of party 2 is not the one of H(y).",
            {**r.sent("input", 2), "vector": pack([0] * r.length, r.bits)},
            "wrong",
        ),
    ):
        yield _case(name, what, DISPUTED, r, message, "station", code)


def _unmasking(r):
    def reply(kind, party, body):
        return r.message(party, kind, body)

    seeds = [(w, r.pair_seed(2, w)) for w in r.dropped]
    wrong_b = reply("unmask", 2, wire.unmask(2, p.sha256(b"not b"), seeds))
    wrong_seed = reply("unmask", 2, wire.unmask(2, r.parties[2].b, [(w, ZERO_KEY) for w in r.dropped]))
    no_seed = reply("unmask", 2, wire.unmask(2, r.parties[2].b, []))
    other_holder = reply("recover", 2, r.recover_body(2, holder=3))
    for name, what, message, code in (
        ("unmask-wrong-b", "Unmask of party 2 with a b that is not the one it committed to.", wrong_b, "WRONG_SECRET"),
        ("unmask-wrong-seed", "Unmask of party 2 with a pair seed that is not the one it committed to.", wrong_seed, "WRONG_SECRET"),
        ("unmask-without-seed", "Unmask of party 2 without its seed with party 1, which dropped out.", no_seed, "WRONG_SECRET"),
        ("recover-share-of-another", "Recover of party 2 with the share of b of party 4 that party 3 holds.", other_holder, "WRONG_SECRET"),
    ):
        yield _case(name, what, RECOVERY, r, message, "station", code)
    for name, what, silent, dropped in (
        ("recovery-of-the-receiver", "Recovery that names the receiver, party 2, as silent.", [2, 4], [1]),
        ("recovery-of-both", "Recovery that names party 4 as silent and as dropped.", [4], [1, 4]),
        ("recovery-silent-and-dropped", "Recovery that names party 1, which dropped out, as silent too.", [1, 4], [1]),
    ):
        yield _case(name, what, RECOVERY, r, r.message("station", "recovery", wire.recovery(silent, dropped)), 2, "BOTH_SECRETS")


def make(rounds: dict[str, Round]):
    for maker, base in (
        (_signatures, FIVE),
        (_who_left, EVERYWHERE),
        (_encodings, FIVE),
        (_proposals, FIVE),
        (_advertisements, FIVE),
        (_shares, EVERYWHERE),
        (_survivors, EVERYWHERE),
        (_agreements, FIVE),
        (_vectors, DISPUTED),
        (_unmasking, RECOVERY),
        (_complaints, BADLY),
    ):
        yield from maker(rounds[base])
    yield from _left_out(rounds[FIVE], rounds[EVERYWHERE])
