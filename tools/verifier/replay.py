"""Section 7: a round as its entries make it."""

from types import SimpleNamespace

from .base import (
    END_OF_TIME, MIB, H, Malformed, Refused, ascending, demand, expand, indices, is_point, is_signed, leaf_hash, tree_root, u32)
from .graphs import Graph, sparse_numbers
from .sharing import combine, opened
from .sums import packed_size
from .wire import decode

(PROPOSE, JOIN, DECLINE, ADVERTISE, ADVERTISED, SHARE, SHARED, INPUT, SURVIVORS, AGREE, AGREED, UNMASK, RECOVERY, RECOVER, TOTAL, ABORT, _,
 VECTOR_FAULT) = range(1, 19)
NAMES = ("propose join decline advertise advertised share shared input survivors agree agreed unmask recovery recover total abort roster "
         "vector_fault").split()
BODIES = ("Proposal Join Decline Advertise Advertised Share Shared Input Survivors Agree Agreed Unmask Recovery Recover Total Abort - "
          "VectorFault").split()
OPEN, SHARING, INPUTS, AGREEING, UNMASKING, RECOVERING, ENDED = range(7)
PHASE = {JOIN: OPEN, ADVERTISE: OPEN, SHARE: SHARING, INPUT: INPUTS, AGREE: AGREEING, UNMASK: UNMASKING, RECOVER: RECOVERING}
(ACCEPTED, BAD_MESSAGE, BAD_SIGNATURE, WRONG_PARTY, WRONG_PHASE, CONFLICT, BAD_CONTENT, WRONG_SECRET) = range(8)
NOT_LOGGED = None
BLAME_CONFLICT, BLAME_SHARE, BLAME_SECRET, BLAME_VAULT, BLAME_SEED, BLAME_VECTOR, BLAME_COMPLAINT, BLAME_DEALING = range(1, 9)
REASONS = ("", "TooFewJoined", "TooFewKeys", "TooFewShares", "TooFewInputs", "TooFewAgreements", "Unrecoverable", "Cancelled", "StationRestarted",
           "Storage", "Internal", "GraphCut")
UNRECOVERABLE = REASONS.index("Unrecoverable")


class Complaint:
    """What a holder says of what a dealer sealed for it."""

    __slots__ = ("dealer", "seal_key", "sibling")

    def __init__(self, data):
        self.dealer, self.seal_key, self.sibling = int.from_bytes(data[:4], "big"), data[4:20], data[20:52]


class Dealt:
    """The entry of a dealer for a neighbour."""

    __slots__ = ("sealed", "share", "vault", "seed", "seal")

    def __init__(self, data):
        self.sealed, self.share, self.vault, self.seed, self.seal = data[4:116], data[116:148], data[148:196], data[196:228], data[228:260]


def share_commitment(context1, dealer, holder, self_part, recovery_part):
    """A part is (share, blinder), or the 32 bytes that stand for it."""
    def part(value, name):
        return value if isinstance(value, bytes) else H("commit/share-" + name, context1, dealer, holder, *value)
    return H("commit/share", context1, dealer, holder, part(self_part, "b"), part(recovery_part, "q"))


class Round:
    def __init__(self, roster, roster_hash):
        self.roster, self.roster_hash = roster, roster_hash
        self.keys = {p.index: p.public_key for p in roster.parties}
        self.phase = None
        self.accepted = {}          # (kind, party): Envelope with `value`, the body decoded
        self.declined, self.failed, self.upheld = set(), set(), set()     # parties, (kind, party), (holder, dealer)
        self.blame = {}
        self.leaves = []
        self.u1 = self.u2 = self.u3 = self.gone = ()
        self.graph, self.entries, self.disputed = None, {}, set()
        self.context0 = self.context1 = self.context2 = self.d3 = None
        self.silent = self.dropped = ()
        self.proposal = self.query = self.end = None
        self.invited = ()

    def apply(self, entry, leaf):
        if entry.sender == 0:
            self._station(entry)
        else:
            self._party(entry)
        self.leaves.append(leaf_hash(leaf))

    def members(self, kind, among):
        return [v for v in among if (kind, v) in self.accepted and v not in self.declined]

    # 7.1
    def digest(self, kind, body):
        if kind in (PROPOSE, JOIN, DECLINE, ADVERTISE, ADVERTISED, ABORT):
            context = (self.context0,)
        elif kind in (SHARE, SHARED):
            context = (self.context1,)
        elif kind in (INPUT, VECTOR_FAULT, SURVIVORS, AGREE):
            context = (self.context2,)
        else:
            context = (self.context2, self.d3)
        return H("sign/" + NAMES[kind - 1], *context, body)

    # 7.2
    def _station(self, entry):
        envelope = entry.envelope
        kind, data = envelope.kind, envelope.body
        step = {PROPOSE: self._propose, ADVERTISED: self._advertised, SHARED: self._shared, VECTOR_FAULT: self._vector_fault,
                SURVIVORS: self._survivors, AGREED: self._agreed, RECOVERY: self._recovery, TOTAL: self._total,
                ABORT: self._abort}.get(kind)
        demand(step, f"the station sends no message of kind {kind}")
        demand(entry.rejection == 0 and not envelope.detached, "an entry of the station is rejected or has detached parts")
        phases = {PROPOSE: (None,), ADVERTISED: (OPEN,), SHARED: (SHARING,), VECTOR_FAULT: (INPUTS,), SURVIVORS: (INPUTS,),
                  AGREED: (AGREEING,), RECOVERY: (UNMASKING,), TOTAL: (UNMASKING, RECOVERING), ABORT: range(ENDED)}
        demand(self.phase in phases[kind], f"{NAMES[kind - 1]} does not come in its phase")
        limit = 2 * MIB + 256 * 1024 if kind == PROPOSE else MIB + 1024 * len(self.invited)
        try:
            demand(len(data) <= limit or kind == TOTAL, "a broadcast over its limit")
            body = decode(BODIES[kind - 1], data)
        except Malformed as fault:
            raise Refused(f"{NAMES[kind - 1]} cannot be read: {fault}") from None
        if kind == PROPOSE:
            self._propose(body, entry.time_ms)
        demand(kind != TOTAL or len(data) <= limit + len(body.packed), "a broadcast over its limit")
        demand(is_signed(self.roster.aggregator_key, self.digest(kind, data), envelope.signature),
               f"the station's signature under {NAMES[kind - 1]} is wrong")
        if kind != PROPOSE:
            step(body)

    def _propose(self, body, time):
        roster, invited = self.roster, body.invited
        demand(body.suite == 1 and len(body.round_id) == 16, "suite or round id")
        demand(invited and ascending(invited) and all(v in self.keys for v in invited), "who is invited")
        demand(len(body.deadlines_ms) == 7 and all(1 <= d <= 600_000 for d in body.deadlines_ms), "the deadlines")
        try:
            demand(len(body.query) <= 256 * 1024, "the query is over its limit")
            query = decode("Query", body.query)
        except Malformed as fault:
            raise Refused(f"the query cannot be read: {fault}") from None
        characters = [len(text.encode("utf-16-le")) // 2 for text in (query.dataset, query.study, query.title)]
        demand(query.roster_hash == self.roster_hash, "the query is for another roster")
        demand(query.coordinator_key in [c.public_key for c in roster.coordinators], "the query's key is no coordinator's")
        demand(is_signed(query.coordinator_key, H("sign/query", self.roster_hash, body.query), body.query_signature),
               "the coordinator's signature is wrong")
        demand(1 <= query.attempts <= 10 and len(query.query_id) == 16 and 1 <= query.epsilon_micro <= 100_000_000
               and query.min_survivors <= 1024 and query.noise in (1, 2, 3) and 1 <= characters[0] <= 128 and characters[1] <= 64
               and characters[2] <= 256 and query.analysis and 0 < query.not_after < END_OF_TIME, "the query breaks a rule")
        demand(min(time, (END_OF_TIME - 1) * 1000) <= 1000 * min(roster.not_after, query.not_after),
               "the proposal comes after the roster's or the query's end")
        self.proposal, self.query, self.invited = body, query, invited
        self.threshold(len(invited))
        self.context0 = H("round", 1, self.roster_hash, body.query, body.round_id, indices(invited), indices(body.deadlines_ms))
        self.phase = OPEN

    def threshold(self, n):
        c = self.roster.max_colluders
        t = max((n + c) // 2 + 1, self.roster.min_survivors, self.query.min_survivors)
        demand(t <= n and t - c >= self.roster.min_honest, f"{n} parties are too few for the floors")
        return t

    def _same(self, body, kind, members, what):
        sent = [(s.body, s.signature) for s in body.signed]
        demand(sent == [(self.accepted[kind, v].body, self.accepted[kind, v].signature) for v in members],
               f"{what} are not what the parties sent")

    def _advertised(self, body):
        self.u1 = self.members(ADVERTISE, self.invited)
        self._same(body, ADVERTISE, self.u1, "the advertisements")
        n = len(self.u1)
        self.t = self.threshold(n)
        sparse = self.roster.sparse_graph and n > 128
        numbers = sparse_numbers(n, self.roster.max_colluders, self.roster.dropout_permille) if sparse else None
        self.k, self.t_shares = numbers[:2] if numbers else (n - 1, max(2, self.t - 1))
        self.context1 = H("advertise", self.context0, n, self.t, self.t_shares, self.k, *(s.body for s in body.signed))
        self.graph = Graph(self.u1, numbers, self.context1)
        self.phase = SHARING

    def _shared(self, body):
        dealers = self.members(SHARE, self.u1)
        against = {u: {v for v in self.graph.neighbours[u] if v in self.entries and (self.entries[u][v].seed, self.entries[u][v].seal)
                       != (self.entries[v][u].seed, self.entries[v][u].seal)} & set(dealers) for u in dealers}
        while most := max(map(len, against.values()), default=0):
            if most <= min(self.roster.max_colluders, self.t_shares - 1):
                break
            out = {u for u, pairs in against.items() if len(pairs) == most}
            against = {u: pairs - out for u, pairs in against.items() if u not in out}
        self.u2 = sorted(against)
        self.holders = frozenset(self.u2)
        self.disputed = {frozenset((u, v)) for u, pairs in against.items() for v in pairs}
        self._same(body, SHARE, self.u2, "the shares")
        demand(len(self.u2) >= self.t, "fewer parties shared than the threshold")
        self.context2 = H("share", self.context1, indices(self.u2), *(H("digest/share", s.body) for s in body.signed))
        self.phase = INPUTS

    def _vector_fault(self, body):
        party = body.party
        demand(party in self.members(INPUT, self.u2) and (INPUT, party) not in self.failed, "a vector fault of a party without an input")
        demand(len(body.received_digest) == 32, "a vector fault without a digest")
        self.failed.add((INPUT, party))
        self._blame(party, BLAME_VECTOR)

    def _survivors(self, body):
        senders = {(e.body, e.signature): v for (kind, v), e in self.accepted.items() if kind == INPUT}
        survivors = [senders.get((s.body, s.signature)) for s in body.signed]
        demand(None not in survivors and ascending(survivors), "the inputs are not what the parties sent, ascending")
        able = set(self.members(INPUT, self.u2))
        demand(all(v in able and (INPUT, v) not in self.failed for v in survivors), "a survivor that cannot be one")
        demand(len(survivors) >= self.t, "fewer survivors than the threshold")
        demand(self.graph.keeps_rule(survivors), "the survivors break the neighbourhood rule")
        self.u3 = survivors
        self.d3 = H("survivors", self.context2, indices(survivors), *(self.accepted[INPUT, v].value.vector_digest for v in survivors))
        self.gone = [w for w in self.u2 if w not in set(survivors)]
        self.phase = AGREEING

    def _agreed(self, body):
        members = [v for v in self.u3 if (AGREE, v) in self.accepted]
        self._same(body, AGREE, members, "the agreements")
        demand(len(members) >= self.t, "fewer agreements than the threshold")
        self.phase = UNMASKING

    def _recovery(self, body):
        self.silent = [v for v in self.u3 if (UNMASK, v) not in self.accepted]
        self.dropped = [w for w in self.gone if any(self.paired(v, w) for v in self.silent)]
        demand(self.silent and body.silent == self.silent and body.dropped == self.dropped, "recovery does not name who is to be recovered")
        self.phase = RECOVERING

    def _total(self, body):
        demand(self.phase == RECOVERING or all((UNMASK, v) in self.accepted for v in self.u3), "a total while members of it are silent")
        demand(body.survivors == self.u3, "the total is of others than the survivors")
        demand(8 <= body.bits <= 64 and 1 <= body.length <= 2**24, "bits or length of the total")
        demand(len(body.packed) == packed_size(body.bits, body.length), "the length of the total's data")
        self._ends(body, self.blame)

    def _abort(self, body):
        convicted = self.recovered().convicted if body.reason == UNRECOVERABLE and self.phase == RECOVERING else {}
        self._ends(body, convicted | self.blame)

    def _ends(self, body, blame):
        demand((body.entries, body.entries_root) == (len(self.leaves), tree_root(self.leaves)), "the end is not over the entries before it")
        demand([(b.party, b.code) for b in body.blamed] == sorted(blame.items()), "the blamed are not those whom the entries convict")
        self.end, self.phase = body, ENDED

    # 7.3
    def _party(self, entry):
        v, envelope = entry.sender - 1, entry.envelope
        demand(self.phase is not None and self.phase < ENDED and v in self.invited,
               "an entry of somebody who is not in the round, or not any more")
        verdict = self.judge(v, envelope, entry.time_ms)
        demand(verdict is not NOT_LOGGED, f"a message of party {v} that is not logged")
        demand(verdict == entry.rejection, f"a message of party {v} has rejection {entry.rejection}, and it is {verdict}")
        kind = envelope.kind
        if verdict == ACCEPTED:
            self.accepted[kind, v] = envelope
            if kind == DECLINE:
                self.declined.add(v)
            if kind == INPUT:
                for dealer in (Complaint(part).dealer for part in envelope.detached):
                    self.upheld.add((v, dealer))
                    self.failed.add((INPUT, dealer))
                    self._blame(dealer, BLAME_DEALING)
            if kind == SHARE:
                self.entries[v] = {w: Dealt(part) for w, part in zip(sorted(self.graph.neighbours[v]), envelope.detached)}
        elif verdict == CONFLICT:
            self._blame(v, BLAME_CONFLICT)
        elif verdict in (BAD_CONTENT, WRONG_SECRET):
            self.failed.add((kind, v))
            if kind == RECOVER:
                self._blame(v, BLAME_SHARE)
            elif kind == UNMASK:
                self._blame(v, BLAME_SEED)
            elif kind == INPUT and verdict == WRONG_SECRET:
                self._blame(v, BLAME_COMPLAINT)

    def _blame(self, party, code):
        if self.blame.get(party) in (None, BLAME_VECTOR):
            self.blame[party] = code

    def judge(self, v, envelope, time):
        kind, before = envelope.kind, self.accepted.get((envelope.kind, v))
        if kind not in PHASE and kind != DECLINE:
            return BAD_MESSAGE
        if envelope.size > 65536 + 1024 * (self.k + 1 if self.phase > OPEN else len(self.invited)):
            return BAD_MESSAGE
        if before and (before.body, before.detached) == (envelope.body, envelope.detached):
            return NOT_LOGGED
        if v in self.declined or (kind, v) in self.failed:
            return NOT_LOGGED
        if kind != DECLINE:
            if PHASE[kind] > self.phase:
                return WRONG_PHASE
            if not before and (PHASE[kind] < self.phase or not self.expects(kind, v)):
                return NOT_LOGGED
        try:
            body = envelope.value = decode(BODIES[kind - 1], envelope.body)
        except Malformed:
            return BAD_MESSAGE
        if body.party not in self.keys:
            return WRONG_PARTY
        if not is_signed(self.keys[body.party], self.digest(kind, envelope.body), envelope.signature):
            return BAD_SIGNATURE
        if not self.is_plausible(kind, body, time):
            return BAD_CONTENT
        if body.party != v:
            return WRONG_PARTY
        if kind not in (SHARE, INPUT) and envelope.detached:
            return BAD_MESSAGE
        if kind == RECOVER and not self.is_answer(v, body):
            return BAD_MESSAGE
        if not self.is_true(kind, v, body, envelope.detached):
            return BAD_CONTENT
        if not self.is_secret(kind, v, body, envelope.detached):
            return WRONG_SECRET
        return CONFLICT if before else ACCEPTED

    def expects(self, kind, v):
        if kind == JOIN:
            return True
        if kind == ADVERTISE:
            return (JOIN, v) in self.accepted
        if kind == RECOVER:
            return v in self.u3 and (UNMASK, v) in self.accepted and any(self.holds(v, u) for u in (*self.silent, *self.dropped))
        return v in {SHARE: self.u1, INPUT: self.u2, AGREE: self.u3, UNMASK: self.u3}[kind]

    def is_plausible(self, kind, body, time):
        """What the body alone shows (7.3, 8)."""
        if kind == SHARE:
            return len(body.self_commitment) == len(body.recovery_commitment) == len(body.entries_root) == 32
        if kind == ADVERTISE:
            ends = 1000 * min(body.key_not_after, END_OF_TIME - 1)
            return len(body.fresh) == 32 and is_point(body.public_key) and time - 300_000 <= ends <= time + 3_900_000
        if kind == INPUT:
            charged = body.charged_micro == 0 if self.query.noise == 3 else body.charged_micro >= self.query.epsilon_micro
            return len(body.vector_digest) == len(body.input_commitment) == 32 and len(body.complaints_root) in (0, 32) and charged
        return kind != AGREE or body.survivors_digest == self.d3

    def is_true(self, kind, v, body, detached):
        """What the state shows of the content (7.3, 11)."""
        if kind == DECLINE:
            return len(body.earlier_round) == (16 if body.code == 27 else 0)
        if kind == SHARE:
            holders = sorted(self.graph.neighbours[v])
            return (len(detached) == len(holders) and all(len(part) == 260 and part[:4] == u32(w) for w, part in zip(holders, detached))
                    and tree_root([leaf_hash(part) for part in detached]) == body.entries_root)
        if kind == INPUT:
            return (all(len(part) == 52 for part in detached) and ascending([part[:4] for part in detached])
                    and body.complaints_root == (tree_root([leaf_hash(part) for part in detached]) if detached else b""))
        return True

    def is_secret(self, kind, v, body, detached):
        """What the state shows of seeds, shares and keys (7.3, 11)."""
        if kind == INPUT:
            return all(self.is_upheld(v, Complaint(part)) for part in detached)
        if kind == UNMASK:
            return (len(body.self_seed) == 32 and self._fits(v, "b", body.self_seed)
                    and [pair.neighbour for pair in body.dropped] == self.masked_with(v)
                    and all(self.is_seed(v, pair.neighbour, pair.seed) for pair in body.dropped))
        if kind == RECOVER:
            return (self.are_shares(v, body.self_shares, lambda x: ((x.share, x.blinder), x.sibling))
                    and self.are_shares(v, body.recovery_shares, lambda x: (x.sibling, (x.share, x.blinder))))
        return True

    def is_answer(self, v, body):
        """Whether a Recover is about those whom Recovery names and v holds shares of."""
        return all([x.dealer for x in shares] == [u for u in named if self.holds(v, u)]
                   for shares, named in ((body.self_shares, self.silent), (body.recovery_shares, self.dropped)))

    # 7.4
    def paired(self, u, v):
        """Neighbours that are not disputed."""
        return v in self.graph.neighbours[u] and frozenset((u, v)) not in self.disputed

    def holds(self, v, u):
        return v in self.holders and self.paired(u, v) and (v, u) not in self.upheld

    def masked_with(self, v):
        """Of those that dropped out, who shares a mask with v."""
        return [w for w in self.gone if self.paired(v, w)]

    def is_seed(self, dealer, other, seed):
        commitment = H("commit/seed", self.context1, min(dealer, other), max(dealer, other), seed)
        return len(seed) == 32 and commitment == self.entries[dealer][other].seed

    def _fits(self, dealer, name, secret):
        share = self.accepted[SHARE, dealer].value
        return H("commit/" + name, self.context1, dealer, secret) == (share.self_commitment if name == "b" else share.recovery_commitment)

    def are_shares(self, v, shares, parts):
        return all(
            len(x.share) == len(x.blinder) == len(x.sibling) == 32
            and share_commitment(self.context1, x.dealer, v, *parts(x)) == self.entries[x.dealer][v].share for x in shares)

    def recovered(self):
        """Seeds of the silent: selfs {u: b}, pairs {(u, w): seed}, convicted {party: code}."""
        result = SimpleNamespace(selfs={}, pairs={}, convicted={})
        for u in self.silent:
            secret = self._secret(u, "self_shares")
            if secret is not None and self._fits(u, "b", secret):
                result.selfs[u] = secret
            elif secret is not None:
                result.convicted[u] = BLAME_SECRET
        for w in self.dropped:
            secret = self._secret(w, "recovery_shares")
            if secret is None:
                continue
            if not self._fits(w, "q", secret):
                result.convicted[w] = BLAME_SECRET
                continue
            for v in self.silent:
                if self.paired(v, w):
                    place = self.context1 + u32(w) + u32(v)
                    seed = opened(expand(secret, "vault", place, 16), self.entries[w][v].vault, place)
                    if seed is None or not self.is_seed(w, v, seed):
                        result.convicted[w] = BLAME_VAULT
                        break
                    result.pairs[v, w] = seed
        return result

    def _secret(self, dealer, field):
        shares = [(v, share.share) for v in self.u3 if (RECOVER, v) in self.accepted
                  for share in getattr(self.accepted[RECOVER, v].value, field) if share.dealer == dealer]
        return combine(shares[:self.t_shares]) if len(shares) >= self.t_shares else None

    def seeds(self):
        """(seed, whether its mask was added) for each mask in the sum; refuses if one cannot be had."""
        recovered = self.recovered()
        demand(not recovered.convicted, f"what was recovered convicts {sorted(recovered.convicted)}")
        for u in self.u3:
            if (UNMASK, u) in self.accepted:
                body = self.accepted[UNMASK, u].value
                own, pairs = body.self_seed, {pair.neighbour: pair.seed for pair in body.dropped}
            else:
                own, pairs = recovered.selfs.get(u), {w: seed for (v, w), seed in recovered.pairs.items() if v == u}
            demand(own and all(w in pairs for w in self.masked_with(u)), f"a seed of party {u} cannot be had")
            yield own, True
            for w in self.masked_with(u):
                yield pairs[w], w > u

    # 7.6
    def is_upheld(self, v, complaint):
        u, context1 = complaint.dealer, self.context1
        if not (u in self.u2 and self.paired(v, u)):
            return False
        lower, higher = min(u, v), max(u, v)
        key = H("digest/seal", context1, lower, higher, complaint.seal_key)
        keys = (key, complaint.sibling) if u < v else (complaint.sibling, key)
        if H("commit/seal", context1, lower, higher, *keys) != self.entries[v][u].seal:
            return False
        dealt = self.entries[u][v]
        plain = opened(complaint.seal_key, dealt.sealed, context1 + u32(u) + u32(v))
        if plain is None:
            return True
        b, q, r = plain[:32], plain[32:64], plain[64:]
        return share_commitment(context1, u, v, (b, expand(r, "blind-b", b"", 32)), (q, expand(r, "blind-q", b"", 32))) != dealt.share
