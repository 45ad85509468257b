"""One round of the protocol, from docs/protocol.md and protos/secagg/v1 alone: all parties, the station, every byte between them."""

import struct

import primitives as p
import sparse
import wire

NOW = 1767225600  # 2026-01-01T00:00:00Z
ROSTER_END = 1893456000  # 2030-01-01T00:00:00Z
SUITE = 1
DEADLINES = [60000] * 7
CHARGE = 500_000  # millionths of epsilon
BAD_DEALING = 8
ZERO_KEY = bytes(32)


def u32(value):
    return struct.pack(">I", value)


def members(indices):
    return b"".join(u32(i) for i in sorted(indices))


def h(purpose, *fields):
    label = b"secagg/v1/" + purpose.encode()
    out = struct.pack(">H", len(label)) + label
    for field in fields:
        field = u32(field) if isinstance(field, int) else field
        out += u32(len(field)) + field
    return p.sha256(out)


def expand(prk, purpose, info, length):
    return p.hkdf_expand(prk, b"secagg/v1/" + purpose.encode() + info, length)


def words(digest):
    """The 12 word numbers under which people compare a roster hash."""
    bits = int.from_bytes(digest, "big") >> 256 - 132
    return [bits >> 11 * i & 2047 for i in range(11, -1, -1)]


def pack(values, bits):
    number = sum(value << i * bits for i, value in enumerate(values))
    return number.to_bytes((len(values) * bits + 7) // 8, "little")


def unpack(data, bits, length):
    number = int.from_bytes(data, "little")
    if len(data) != (length * bits + 7) // 8 or number >> length * bits:
        raise ValueError("a packed vector has the length of its elements and zero padding")
    return [number >> i * bits & (1 << bits) - 1 for i in range(length)]


class Party:
    def __init__(self, seed, index):
        keys = p.Tape(seed, f"party {index}")
        self.index, self.tape = index, p.Tape(seed, f"tape {index}")
        self.identity, self.ephemeral = keys.scalar(), keys.scalar()
        self.identity_public, self.ephemeral_public = p.public_key(self.identity), p.public_key(self.ephemeral)
        self.key_not_after = NOW + 3600


class Round:
    """Runs the whole round when made. `spec` is a dictionary of cases.py; what happened is in the attributes and in `messages`."""

    def __init__(self, spec):
        self.spec, self.seed = spec, spec["seed"]
        self.bits, self.length, self.c = spec["bits"], spec["length"], spec["c"]
        self.declines, self.drops = spec.get("declines", {}), spec.get("drops", {})
        self.corrupt, self.bad, self.pre_shared = spec.get("corrupt", {}), spec.get("bad", {}), {}
        tape = p.Tape(self.seed, "round")
        self.coordinator, self.auditor, self.aggregator = tape.scalar(), tape.scalar(), tape.scalar()
        self.round_id, self.query_id, self.analysis = tape.draw(16), tape.draw(16), tape.draw(48)
        for pair in spec.get("pre_shared", []):
            self.pre_shared[pair] = tape.draw(32)
        self.invited = spec["invited"]
        self.parties = {i: Party(self.seed, i) for i in spec["roster"]}
        self.messages, self.pair_keys, self.dealt, self.leaves, self.time_ms = [], {}, {}, [], NOW * 1000
        self.context1 = self.context2 = self.d3 = None
        self._roster()
        self._query()
        self._propose()
        self._advertise()
        self._share()
        self._input()
        self._agree()
        self._unmask()
        self._publish()

    # --- roster, query ---

    def _roster(self):
        indices = sorted(self.parties)
        founders = [i for i in indices if i != indices[-1] or len(indices) < 5][:9]
        body = wire.roster(
            consortium="Test consortium",
            epoch=1,
            not_after=ROSTER_END,
            parties=[wire.roster_party(i, f"party-{i}", self.parties[i].identity_public, i in founders) for i in indices],
            coordinators=[wire.roster_officer("coordinator", p.public_key(self.coordinator), True)],
            auditors=[wire.roster_officer("auditor", p.public_key(self.auditor), False)],
            aggregator=p.public_key(self.aggregator),
            origin="station.test/log",
            c=self.c,
            survivors=self.spec["min_survivors"],
            honest=self.spec["min_honest"],
            dropout=self.spec.get("sparse", 100),
            witnesses=(len(indices) + self.c) // 2 + 1,
            sparse="sparse" in self.spec,
        )
        keys = [self.parties[i].identity for i in founders] + [self.coordinator]
        signatures = sorted((p.public_key(key), p.sign(key, h("sign/roster", body))) for key in keys)
        self.roster_body, self.roster_hash = body, h("roster", body)
        self.signed_roster = wire.data(1, body) + wire.repeated(2, [wire.signed_body(*pair) for pair in signatures])

    def query(self, not_after=NOW + 86400, roster_hash=None, signer=None):
        """(body, signature) of the round's query, or of one that differs in what is given."""
        body = wire.query(
            roster_hash or self.roster_hash,
            self.query_id,
            not_after,
            attempts=3,
            title="Test question",
            dataset="visits",
            epsilon_micro=CHARGE,
            noise=1,
            min_survivors=self.spec.get("query_survivors", 0),
            analysis=self.analysis,
            coordinator=p.public_key(signer or self.coordinator),
        )
        return body, p.sign(signer or self.coordinator, h("sign/query", self.roster_hash, body))

    def _query(self):
        self.query_body, self.query_signature = self.query()
        assert p.verify(p.public_key(self.coordinator), h("sign/query", self.roster_hash, self.query_body), self.query_signature)

    # --- messages ---

    def digest(self, kind, body, context=None):
        """What is signed; `context` replaces the context that the kind belongs to."""
        if kind in ("propose", "join", "decline", "advertise", "advertised", "abort"):
            return h("sign/" + kind, context or self.context0, body)
        if kind in ("share", "shared"):
            return h("sign/" + kind, context or self.context1, body)
        if kind in ("input", "survivors", "agree"):
            return h("sign/" + kind, context or self.context2, body)
        return h("sign/" + kind, context or self.context2, self.d3, body)

    def key_of(self, sender):
        return self.aggregator if sender == "station" else self.parties[sender].identity

    def message(self, sender, kind, body, context=None, **more):
        return {
            "from": sender,
            "kind": kind,
            "body": body,
            "signature": bytes(64) if self.is_unsigned(kind) else p.sign(self.key_of(sender), self.digest(kind, body, context)),
            "detached": [],
            **more,
        }

    def is_unsigned(self, kind):
        """Of a large round only digests are published, and no digest or context has a signature in it."""
        return "sparse" in self.spec and kind != "propose"

    def send(self, sender, kind, body, **more):
        message = {"step": len(self.messages), **self.message(sender, kind, body, **more)}
        assert self.is_unsigned(kind) or p.verify(p.public_key(self.key_of(sender)), self.digest(kind, body), message["signature"])
        self.messages.append(message)
        envelope = wire.envelope(kind, body, message["signature"], message["detached"])
        self.leaves.append(wire.entry(self.round_id, self.time_ms, 0 if sender == "station" else sender + 1, envelope))
        return message

    def wait_for(self, expected, kind):
        """The station's clock moves to the deadline of a phase in which somebody is silent."""
        if set(expected) - set(self.bodies(kind)):
            self.time_ms += 60000

    def sent(self, kind, sender="station"):
        """The message of this kind; of the station, if no party is named."""
        return next(m for m in self.messages if m["kind"] == kind and m["from"] == sender)

    def bodies(self, kind):
        """{party: (body, signature)} of a kind, ascending."""
        return {
            m["from"]: (m["body"], m["signature"]) for m in sorted((m for m in self.messages if m["kind"] == kind), key=lambda m: m["from"])
        }

    def context0_of(self, query_body, invited, deadlines, round_id=None, suite=SUITE):
        deadlines = b"".join(map(u32, deadlines))
        return h("round", suite, self.roster_hash, query_body, round_id or self.round_id, members(invited), deadlines)

    # --- phases ---

    def _propose(self):
        self.context0 = self.context0_of(self.query_body, self.invited, DEADLINES)
        body = wire.proposal(SUITE, self.round_id, self.query_body, self.query_signature, self.invited, DEADLINES)
        self.send("station", "propose", body)

    def _advertise(self):
        for i in self.invited:
            party = self.parties[i]
            if i in self.declines:
                self.send(i, "decline", wire.uint(1, i) + wire.uint(2, wire.REFUSALS.index(self.declines[i])))
                continue
            self.send(i, "join", wire.uint(1, i))
            party.fresh = party.tape.draw(32)
            self.send(i, "advertise", wire.advertise(i, party.ephemeral_public, party.fresh, party.key_not_after))
        bodies = self.bodies("advertise")
        self.u1 = list(bodies)
        self.t = max((len(self.u1) + self.c) // 2 + 1, self.spec["min_survivors"], self.spec.get("query_survivors", 0))
        assert self.t <= len(self.u1) and self.t - self.c >= self.spec["min_honest"]
        found = sparse.parameters(len(self.u1), self.c, self.spec["sparse"]) if "sparse" in self.spec else None
        self.k, self.t_shares, self.q = found or (len(self.u1) - 1, max(2, self.t - 1), 0)
        self.context1 = h("advertise", self.context0, len(self.u1), self.t, self.t_shares, self.k, *(body for body, _ in bodies.values()))
        self.graph = sparse.Graph(self.u1, self.k, self.q, h("graph", self.context1)) if found else None
        self.send("station", "advertised", wire.signed_bodies(bodies.values()))

    def neighbours(self, u, among=None):
        neighbours = self.graph.neighbours(u) if self.graph else [v for v in self.u1 if v != u]
        return neighbours if among is None else [v for v in neighbours if v in among]

    def pair_key(self, u, v):
        lower, higher = self.parties[min(u, v)], self.parties[max(u, v)]
        pair = lower.index, higher.index
        if pair not in self.pair_keys:
            salt = h("pair", self.roster_hash, *pair, lower.ephemeral_public, higher.ephemeral_public)
            shared = p.ecdh(lower.ephemeral, higher.ephemeral_public)
            assert self.graph or shared == p.ecdh(higher.ephemeral, lower.ephemeral_public)
            self.pair_keys[pair] = p.hkdf_extract(salt, shared + self.pre_shared.get(pair, ZERO_KEY))
        return self.pair_keys[pair]

    def pair_seed(self, u, v):
        return expand(self.pair_key(u, v), "pair-seed", self.context1, 32)

    def other_seed(self, u, v):
        """What corrupt u commits to instead of the seed of its pair with v."""
        return p.Tape(self.seed, f"wrong seed {u} {v}").draw(32)

    def seed_commitment(self, u, v, seed):
        return h("commit/seed", self.context1, min(u, v), max(u, v), seed)

    def is_disputed(self, u, v):
        return self.corrupt.get(u) == v or self.corrupt.get(v) == u

    def agreed(self, u, among):
        """Neighbours of u that do not dispute what they share with it."""
        return [v for v in self.neighbours(u, among) if not self.is_disputed(u, v)]

    def held(self, u, dealers):
        """Dealers of whom u holds shares."""
        return [w for w in self.agreed(u, dealers) if u not in self.bad.get(w, {})]

    def complaint(self, u, dealer, key=None):
        return u32(dealer) + (key or self.seal_key(dealer, u)) + self.seal_digest(u, dealer)

    def aad(self, u, v):
        return self.context1 + u32(u) + u32(v)

    def seal_key(self, u, v):
        """The key under which u seals for v."""
        return expand(self.pair_key(u, v), "seal", self.aad(u, v), 16)

    def seal_digest(self, u, v):
        return h("digest/seal", self.context1, min(u, v), max(u, v), self.seal_key(u, v))

    def seal_commitment(self, u, v):
        lower, higher = min(u, v), max(u, v)
        return h("commit/seal", self.context1, lower, higher, self.seal_digest(lower, higher), self.seal_digest(higher, lower))

    def seal(self, u, v, plaintext, key_holder=None):
        """Seals for v; under the key for `key_holder` if one is named."""
        return p.gcm_seal(self.seal_key(u, v if key_holder is None else key_holder), plaintext, self.aad(u, v))

    def vault_key(self, q, w, v):
        return expand(q, "vault", self.aad(w, v), 16)

    def _opening(self, dealer, holder, b_share, q_share, r):
        rb, rq = expand(r, "blind-b", b"", 32), expand(r, "blind-q", b"", 32)
        cb = h("commit/share-b", self.context1, dealer, holder, b_share, rb)
        cq = h("commit/share-q", self.context1, dealer, holder, q_share, rq)
        return {
            "b_share": b_share,
            "q_share": q_share,
            "r": r,
            "blinder_b": rb,
            "blinder_q": rq,
            "commitment_b": cb,
            "commitment_q": cq,
            "commitment": h("commit/share", self.context1, dealer, holder, cb, cq),
        }

    def _share(self):
        for u in self.u1:
            if self.drops.get(u) == "advertise":
                continue
            party, neighbours = self.parties[u], self.neighbours(u)
            size, xs = 2 * 16 * (self.t_shares - 1), [v + 1 for v in neighbours]
            party.b, party.q = party.tape.draw(32), party.tape.draw(32)
            b_shares = p.shamir_share(party.b, self.t_shares, party.tape.draw(size), xs)
            q_shares = p.shamir_share(party.q, self.t_shares, party.tape.draw(size), xs)
            entries = []
            for v in neighbours:
                opening = self._opening(u, v, b_shares[v + 1], q_shares[v + 1], party.tape.draw(32))
                seed = self.other_seed(u, v) if self.corrupt.get(u) == v else self.pair_seed(u, v)
                sealed = self.seal(u, v, opening["b_share"] + opening["q_share"] + opening["r"])
                if self.bad.get(u, {}).get(v) == "does not open":
                    sealed = bytes([sealed[0] ^ 1]) + sealed[1:]
                elif self.bad.get(u, {}).get(v) == "does not fit":
                    sealed = self.seal(u, v, opening["q_share"] + opening["b_share"] + opening["r"])
                vault = p.gcm_seal(self.vault_key(party.q, u, v), seed, self.aad(u, v))
                commitments = {"seed_commitment": self.seed_commitment(u, v, seed), "seal_commitment": self.seal_commitment(u, v)}
                entry = u32(v) + sealed + opening["commitment"] + vault + commitments["seed_commitment"] + commitments["seal_commitment"]
                assert len(entry) == 260
                self.dealt[u, v] = {**opening, **commitments, "entry": entry}
                entries.append(entry)
            party.commitment_b = h("commit/b", self.context1, u, party.b)
            party.commitment_q = h("commit/q", self.context1, u, party.q)
            body = wire.share(u, party.commitment_b, party.commitment_q, p.merkle_root(entries))
            self.send(u, "share", body, detached=entries)
        self.wait_for(self.u1, "share")
        bodies = self.bodies("share")
        self.u2 = list(bodies)
        assert len(self.u2) >= self.t
        digests = [h("digest/share", body) for body, _ in bodies.values()]
        self.context2 = h("share", self.context1, members(self.u2), *digests)
        deliveries = [{"party": v, "from_dealers": [self.delivery(u, v) for u in self.neighbours(v, self.u2)]} for v in self.u2]
        self.send("station", "shared", wire.signed_bodies(bodies.values()), deliveries=deliveries)

    def delivery(self, dealer, holder, entries=None):
        entries = entries or self.sent("share", dealer)["detached"]
        position = self.neighbours(dealer).index(holder)
        path = p.merkle_path(entries, position)
        assert p.merkle_verify(entries[position], position, len(entries), path, p.merkle_root(entries))
        return {"dealer": dealer, "entry": entries[position], "path": path}

    def mask(self, seed):
        lane = next(size for size in (2, 4, 8) if 8 * size >= self.bits)
        stream = p.ctr_stream(expand(seed, "mask", self.context2 + u32(0), 16), 0, lane * self.length)
        lanes = (int.from_bytes(stream[i : i + lane], "little") for i in range(0, len(stream), lane))
        return [value & (1 << self.bits) - 1 for value in lanes]

    def add(self, vector, other, sign=1):
        return [(a + sign * b) % (1 << self.bits) for a, b in zip(vector, other)]

    def vector_digest(self, party, packed_y):
        return h("input/y", self.context2, party, self.bits, self.length, packed_y)

    def fits(self, dealer, holder, entry):
        """Whether an entry opens and fits its commitment."""
        try:
            plain = p.gcm_open(self.seal_key(dealer, holder), entry[4:116], self.aad(dealer, holder))
        except ValueError:
            return False
        return self._opening(dealer, holder, plain[:32], plain[32:64], plain[64:])["commitment"] == entry[116:148]

    def _input(self):
        for u in self.u2:
            party = self.parties[u]
            if self.drops.get(u) == "share":
                continue
            # A party opens what it was dealt, as an honest one must.
            for w in self.neighbours(u, self.u2):
                entry, dealt = self.dealt[w, u]["entry"], self.dealt[w, u]
                assert self.is_disputed(u, w) == (entry[196:] != self.dealt[u, w]["entry"][196:])
                assert self.is_disputed(u, w) or self.fits(w, u, entry) == (u not in self.bad.get(w, {}))
            complaints = [self.complaint(u, w) for w in self.agreed(u, self.u2) if w not in self.held(u, self.u2)]
            size, data = self.spec["bits"] // 8 + 1, p.Tape(self.seed, f"input {u}")
            party.x = [int.from_bytes(data.draw(size), "big") % (1 << self.bits) for _ in range(self.length)]
            party.salt = party.tape.draw(32)
            y = self.add(party.x, self.mask(party.b))
            for v in self.neighbours(u, self.u2):
                if not self.is_disputed(u, v):
                    y = self.add(y, self.mask(self.pair_seed(u, v)), 1 if v > u else -1)
            party.y, party.packed_y = y, pack(y, self.bits)
            party.h_y = self.vector_digest(u, party.packed_y)
            party.h_x = h("commit/x", self.context2, u, party.salt, pack(party.x, self.bits))
            root = p.merkle_root(complaints) if complaints else b""
            self.send(u, "input", wire.input_header(u, party.h_y, party.h_x, CHARGE, root), vector=party.packed_y, detached=complaints)
        self.wait_for(self.u2, "input")
        # The dealers that are rightly complained of are out, though their vectors came.
        bodies = {u: pair for u, pair in self.bodies("input").items() if u not in self.bad}
        self.u3 = list(bodies)
        assert len(self.u3) >= self.t and (not self.graph or self.graph.keeps_rule(self.u3))
        self.d3 = h("survivors", self.context2, members(self.u3), *(self.parties[u].h_y for u in self.u3))
        self.send("station", "survivors", wire.signed_bodies(bodies.values()))

    def _agree(self):
        for u in self.u3:
            self.send(u, "agree", wire.agree(u, self.d3))
        self.send("station", "agreed", wire.signed_bodies(self.bodies("agree").values()))

    def _unmask(self):
        self.dropped = [w for w in self.u2 if w not in self.u3]
        self.silent, self.asked = [u for u in self.u3 if self.drops.get(u) == "agree"], []
        for u in self.u3:
            if u not in self.silent:
                seeds = [(w, self.pair_seed(u, w)) for w in self.neighbours(u, self.dropped) if not self.is_disputed(u, w)]
                self.send(u, "unmask", wire.unmask(u, self.parties[u].b, seeds))
        self.wait_for(self.u3, "unmask")
        if not self.silent:
            return
        self.asked = [w for w in self.dropped if self.agreed(w, self.silent)]
        self.send("station", "recovery", wire.recovery(self.silent, self.asked))
        for u in self.u3:
            if u not in self.silent and self.held(u, self.silent + self.asked):
                self.send(u, "recover", self.recover_body(u))

    def recover_body(self, u, holder=None):
        """What u reveals; `holder` names the party whose share of the first silent one it shows instead of its own."""
        own, other = [], []
        for position, dealer in enumerate(self.held(u, self.silent)):
            dealt = self.dealt[dealer, holder if holder is not None and position == 0 else u]
            own.append(wire.revealed(dealer, dealt["b_share"], dealt["blinder_b"], dealt["commitment_q"]))
        for dealer in self.held(u, self.asked):
            dealt = self.dealt[dealer, u]
            other.append(wire.revealed(dealer, dealt["q_share"], dealt["blinder_q"], dealt["commitment_b"]))
        return wire.recover(u, own, other)

    def _publish(self):
        """The station's arithmetic, with nothing but what it was sent."""
        holders = [u for u in self.u3 if u not in self.silent]
        self.recovered_b, self.recovered_q, self.vault_seeds = {}, {}, {}
        for target, secrets, dealers in (
            ("b", self.recovered_b, self.silent),
            ("q", self.recovered_q, self.asked),
        ):
            for dealer in dealers:
                chosen = [u for u in holders if dealer in self.held(u, [dealer])][-self.t_shares :]
                assert len(chosen) == self.t_shares
                secret = p.shamir_combine({u + 1: self.dealt[dealer, u][target + "_share"] for u in chosen})
                commitment = self.parties[dealer].commitment_b if target == "b" else self.parties[dealer].commitment_q
                assert h("commit/" + target, self.context1, dealer, secret) == commitment
                secrets[dealer] = secret
        for w, q in self.recovered_q.items():
            for v in self.agreed(w, self.silent):
                vault = self.dealt[w, v]["entry"][148:196]
                seed = p.gcm_open(self.vault_key(q, w, v), vault, self.aad(w, v))
                assert self.seed_commitment(w, v, seed) == self.dealt[w, v]["seed_commitment"]
                assert seed == self.pair_seed(w, v)
                self.vault_seeds[w, v] = seed
        total = [0] * self.length
        for u in self.u3:
            total = self.add(total, self.parties[u].y)
            total = self.add(total, self.mask(self.recovered_b.get(u, self.parties[u].b)), -1)
            for w in self.neighbours(u, self.dropped):
                if not self.is_disputed(u, w):
                    seed = self.vault_seeds[w, u] if u in self.silent else self.pair_seed(u, w)
                    total = self.add(total, self.mask(seed), -1 if w > u else 1)
        plain = [0] * self.length
        for u in self.u3:
            plain = self.add(plain, self.parties[u].x)
        assert total == plain and unpack(pack(total, self.bits), self.bits, self.length) == total
        self.total, blamed = total, [(u, BAD_DEALING) for u in sorted(self.bad)]
        self.send("station", "total", wire.total(self.u3, self.bits, self.length, len(self.leaves), p.merkle_root(self.leaves), blamed, pack(total, self.bits)))
