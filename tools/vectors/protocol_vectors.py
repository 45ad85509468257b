#!/usr/bin/env python3
"""Writes the test vectors of docs/protocol.md into tests/Protocol.Tests/Vectors.

    protocol_vectors.py           writes the files; the same bytes on every run
    protocol_vectors.py --check   makes them again and compares; exit code 1 if a file differs, is missing, or is one too many
"""

import argparse
import json
import pathlib
import sys

import aggregation
import cases
import negatives
import primitives as p
import self_test
import sparse

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "Protocol.Tests" / "Vectors"


def scalar(value):
    return value.to_bytes(32, "big").hex()


def numbers(values):
    return [str(value) for value in values]


def key_pair(private):
    return {"private": scalar(private), "public": p.public_key(private).hex()}


def message_json(message):
    """The fields of a message in a fixed order; `deliveries` with Shared only, `vector` with Input only."""
    out = {key: message[key] for key in ("step", "from", "kind") if key in message}
    out |= {"body": message["body"].hex(), "signature": message["signature"].hex(), "detached": [d.hex() for d in message["detached"]]}
    if "deliveries" in message:
        out["deliveries"] = [
            {
                "party": delivery["party"],
                "from_dealers": [
                    {"dealer": d["dealer"], "entry": d["entry"].hex(), "path": [node.hex() for node in d["path"]]}
                    for d in delivery["from_dealers"]
                ],
            }
            for delivery in message["deliveries"]
        ]
    if "vector" in message:
        out["vector"] = message["vector"].hex()
    return out


def party_json(round_, index):
    party = round_.parties[index]
    out = {
        "index": index,
        "identity_private": scalar(party.identity),
        "identity_public": party.identity_public.hex(),
        "ephemeral_private": scalar(party.ephemeral),
        "ephemeral_public": party.ephemeral_public.hex(),
        "key_not_after": party.key_not_after,
        "last_message": [m["kind"] for m in round_.messages if m["from"] == index][-1],
        "corrupt": index in round_.corrupt or index in round_.bad,
        "tape": party.tape.used.hex(),
    }
    if hasattr(party, "x"):
        out["x"] = numbers(party.x)
    return out


def intermediate_json(round_):
    secrets = []
    for u in round_.u2:
        party = round_.parties[u]
        secret = {"party": u, "b": party.b, "q": party.q, "b_commitment": party.commitment_b, "q_commitment": party.commitment_q}
        secret["self_mask"] = aggregation.pack(round_.mask(party.b), round_.bits)
        if u in round_.u3:
            secret |= {"salt": party.salt, "input_commitment": party.h_x, "vector_digest": party.h_y}
        secrets.append({key: value if key == "party" else value.hex() for key, value in secret.items()})
    pairs = [] if round_.graph else [
        {
            "lower": u,
            "higher": v,
            "pair_key": round_.pair_key(u, v).hex(),
            "pair_seed": round_.pair_seed(u, v).hex(),
            "disputed": round_.is_disputed(u, v),
            "mask": aggregation.pack(round_.mask(round_.pair_seed(u, v)), round_.bits).hex(),
        }
        for u in round_.u1
        for v in round_.u1
        if u < v
    ]
    dealt = [{"dealer": u, "holder": v, **{key: value.hex() for key, value in values.items()}} for (u, v), values in round_.dealt.items()]
    return {
        "context0": round_.context0.hex(),
        "context1": round_.context1.hex(),
        "context2": round_.context2.hex(),
        "u1": round_.u1,
        "u2": round_.u2,
        "u3": round_.u3,
        "silent": round_.silent,
        "t": round_.t,
        "t_shares": round_.t_shares,
        "k": round_.k,
        "d3": round_.d3.hex(),
        "secrets": secrets,
        "pairs": pairs,
        "dealt": dealt,
        "recovered_b": [{"party": i, "b": b.hex()} for i, b in round_.recovered_b.items()],
        "recovered_q": [{"party": i, "q": q.hex()} for i, q in round_.recovered_q.items()],
        "vault_seeds": [{"owner": w, "neighbour": v, "seed": s.hex()} for (w, v), s in round_.vault_seeds.items()],
    }


def round_json(round_):
    return {
        "description": round_.spec["description"],
        "seed": round_.seed,
        "now": aggregation.NOW,
        "suite": aggregation.SUITE,
        "bits": round_.bits,
        "length": round_.length,
        "roster": {
            "signed": round_.signed_roster.hex(),
            "hash": round_.roster_hash.hex(),
            "words": aggregation.words(round_.roster_hash),
            "coordinator": key_pair(round_.coordinator),
            "auditor": key_pair(round_.auditor),
            "aggregator": key_pair(round_.aggregator),
        },
        "query": {"body": round_.query_body.hex(), "signature": round_.query_signature.hex()},
        "round_id": round_.round_id.hex(),
        "invited": round_.invited,
        "deadlines_ms": aggregation.DEADLINES,
        "pre_shared_keys": [{"lower": u, "higher": v, "key": key.hex()} for (u, v), key in round_.pre_shared.items()],
        "parties": [party_json(round_, i) for i in round_.invited],
        "messages": [message_json(m) for m in round_.messages],
        "intermediate": intermediate_json(round_),
        "total": {"survivors": round_.u3, "values": numbers(round_.total), "packed": aggregation.pack(round_.total, round_.bits).hex()},
    }


def said_json(message):
    """A message of a large round: the hash of its body, entries and vector, one after the other."""
    content = message["body"] + b"".join(message["detached"]) + message.get("vector", b"")
    return {"from": message["from"], "kind": message["kind"], "sha256": p.sha256(content).hex()}


def sparse_round_json(round_):
    """A round as `round_json` has it, but with hashes instead of the messages of parties, and without what follows from keys and tapes."""
    whole = round_json(round_)
    derived = whole["intermediate"]
    parts = "context0 context1 context2 u1 u2 u3 silent t t_shares k d3 recovered_b recovered_q vault_seeds".split()
    whole["intermediate"] = {part: derived[part] for part in parts} | {"q": round_.q, "ring": round_.graph.ring, "asked": round_.asked}
    whole["messages"] = [message for message in whole["messages"] if message["kind"] == "propose"]
    whole["said"] = [said_json(message) for message in round_.messages if message["from"] != "station"]
    return whole


def files():
    rounds = {spec["name"]: aggregation.Round(spec) for spec in cases.CASES}
    out = {f"{name}.json": round_json(round_) for name, round_ in rounds.items()}
    for negative in negatives.make(rounds):
        name = f"negative/{negative.pop('name')}.json"
        base = rounds[negative["base"][:-5]].messages
        for change in (negative[key] for key in ("earlier", "mutate") if key in negative):
            change["message"] = message_json({key: value for key, value in change["message"].items() if key != "step"})
            assert name not in out and change["message"] != message_json(base[change["step"]]), name
        out[name] = negative
    out["sparse/round.json"] = sparse_round_json(aggregation.Round(cases.SPARSE))
    out["sparse/parameters.json"] = sparse.table()
    out["sparse/rings.json"] = sparse.rings(aggregation.h)
    return {name: (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode() for name, content in out.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check = parser.parse_args().check
    crossed = self_test.run()
    print("self-test passed" + (", python3-cryptography agrees" if crossed else ""))
    made = files()
    there = {path.relative_to(OUTPUT).as_posix(): path for path in OUTPUT.glob("**/*.json")}
    wrong = sorted(set(made) ^ set(there) | {name for name in set(made) & set(there) if there[name].read_bytes() != made[name]})
    if check:
        for name in wrong:
            print(f"differs: {name}", file=sys.stderr)
    else:
        for name in set(there) - set(made):
            there[name].unlink()
        for name, content in made.items():
            (OUTPUT / name).parent.mkdir(parents=True, exist_ok=True)
            (OUTPUT / name).write_bytes(content)
    print(f"{len(made)} files, {sum(map(len, made.values()))} bytes, {len(wrong)} {'wrong' if check else 'changed'}")
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
