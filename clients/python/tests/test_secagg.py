"""What needs no station: `python3 -m unittest discover -s tests` in clients/python."""

import base64
import contextlib
import datetime
import email.utils
import hashlib
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import secagg
from secagg import answer, column, p256, question, wire
from secagg.analysis import compile_query, shortest
from secagg.client import Consortium, Dataset
from secagg.fit import ModelFit, is_fitted
from secagg.numbers import Layout, LayoutError, release
from secagg.transport import Transport, _seconds

SCHEMA = {"name": "heart", "row_rule": 1, "columns": [
    {"name": "age", "type": 1, "unit": "years", "low": 0.0, "high": 90.0}, {"name": "seen", "type": 4, "low": 0.0, "high": 20000.0},
    {"name": "sex", "type": 3, "categories": ["female", "male"]}]}


class Curve(unittest.TestCase):
    # RFC 6979, appendix A.2.5, SHA-256.
    KEY = p256.PrivateKey(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
    KNOWN = {
        b"sample": (0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60,
                    0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716, 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8),
        b"test": (0xD16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0,
                  0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367, 0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083),
    }

    def test_signatures_are_those_of_rfc_6979_with_the_lower_s(self):
        self.assertEqual(self.KEY.public.hex()[2:66].upper(), "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6")
        for message, (k, r, s) in self.KNOWN.items():
            digest = hashlib.sha256(message).digest()
            self.assertEqual(next(p256.nonces(self.KEY._d, digest)), k)
            signature = self.KEY.sign(digest)
            self.assertEqual(signature, r.to_bytes(32, "big") + min(s, p256.N - s).to_bytes(32, "big"))
            self.assertTrue(p256.verify(self.KEY.public, digest, signature))

    def test_other_signatures_digests_and_points_do_not_verify(self):
        digest = hashlib.sha256(b"sample").digest()
        signature = self.KEY.sign(digest)
        high = signature[:32] + (p256.N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
        other = p256.PrivateKey(1).public
        for public, what, bad in [(self.KEY.public, digest[::-1], signature), (other, digest, signature), (self.KEY.public, digest, high), (self.KEY.public, digest, bytes(64)),
                                  (self.KEY.public, digest, signature[:-1]), (self.KEY.public[:-1] + b"\0", digest, signature)]:
            self.assertFalse(p256.verify(public, what, bad))

    def test_key_never_shows_itself_and_bad_ones_are_refused(self):
        self.assertNotIn("c9afa9", repr(self.KEY).lower())
        for scalar in (0, p256.N):
            with self.assertRaises(secagg.BadKey):
                p256.PrivateKey(scalar)
        for pem in ("", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n%%\n-----END PRIVATE KEY-----"):
            with self.assertRaises(secagg.BadKey):
                p256.PrivateKey.from_pem(pem)


class Encoding(unittest.TestCase):
    def test_messages_come_back_and_other_encodings_are_refused(self):
        data = wire.encode("DatasetSchema", SCHEMA)
        self.assertEqual(wire.decode("DatasetSchema", data), {**SCHEMA})
        # An unknown field, a field out of order, one cut off, a default that is written, a number in more bytes than it needs.
        for bad in (data + b"\x78\x01", data[7:] + data[:7], data[:-1], b"\x0a\x00", b"\x18\x81\x00"):
            with self.assertRaises(wire.Malformed):
                wire.decode("DatasetSchema", bad)
        with self.assertRaises(wire.Malformed):
            wire.decode("Filter", b"\x3a\x80\x80\x01" * 50)

    def test_numbers_are_written_as_the_other_programs_write_them(self):
        for number, written in [(1.0, "1"), (2.5, "2.5"), (1e17, "1E+17"), (1e16, "10000000000000000"), (1e15, "1000000000000000"), (1.2345678901234568e17, "1.2345678901234568E+17"), (123456789012345.0, "123456789012345"), (0.0001, "0.0001"), (0.00001, "1E-05"),
                                (-1.5e-7, "-1.5E-07"), (0.1, "0.1"), (0.0, "0"), (-3.0, "-3")]:
            self.assertEqual(shortest(number), written)

    def test_queries_that_cannot_be_asked_name_what_is_wrong(self):
        def refused(pattern, **changes):
            with self.assertRaisesRegex(secagg.QueryError, pattern):
                compile_query({"dataset": "heart", "epsilon": 1, "measures": ["count"]} | changes, SCHEMA)
        refused("no column 'agee'", measures=[{"mean": "agee"}])
        refused("never released", measures=[{"max": "age"}])
        refused("exactly one of", measures=[{"meen": "age"}])
        refused("unknown key 'wheer'", wheer={})
        refused("no category 'm'", where={"column": "sex", "eq": "m"})
        refused("compares with nothing", where={"column": "sex"})
        refused("needs bins", measures=[{"histogram": "age"}])
        refused("two pairs of bounds", measures=[{"mean": "age", "low": 1, "high": 2}, {"sum": "age", "low": 1, "high": 3}])
        refused("low below high", measures=[{"mean": "age", "low": 3, "high": 2}])
        refused("asks dataset 'lung'", dataset="lung")
        for epsilon in (0, -1, 101, "x", float("nan"), 0.0000001, True):
            with self.assertRaises(secagg.QueryError):
                question.micro(epsilon)
        self.assertEqual(question.micro(0.1), 100_000)


class Signing(unittest.TestCase):
    QUERY = {"dataset": "heart", "epsilon": 0.5, "measures": ["count", {"mean": "age"}], "group_by": {"sex": None},
             "where": {"and": [{"column": "age", "ge": 18}, {"not": {"column": "seen", "between": ["2020-01-01", "2021-01-01"]}}]}}

    def body(self, **changes):
        whole = {"dataset": "heart", "epsilon_micro": 500_000, "noise": 1, "analysis": compile_query(self.QUERY, SCHEMA)} | changes
        return wire.encode("Query", whole)

    def test_what_was_asked_passes(self):
        question.require_asked(self.body(), self.QUERY, SCHEMA)

    def test_anything_else_is_not_signed(self):
        def other(**changes):
            return compile_query(self.QUERY | changes, SCHEMA)
        bodies = [self.body(epsilon_micro=500_001), self.body(noise=3), self.body(dataset="lung"), self.body(study="S")]
        bodies += [self.body(analysis=other(**x)) for x in ({"measures": ["count", {"sum": "age"}]}, {"measures": ["count"]}, {"group_by": {"sex": ["male"]}} , {"group_by": {}},
                                                            {"where": None}, {"where": {"column": "age", "ge": 18}})]
        analysis = wire.decode("Analysis", other())
        analysis["columns"][1]["unit"] = "months"
        bodies.append(self.body(analysis=wire.encode("Analysis", analysis)))
        wanted = self.QUERY | {"group_by": {"sex": ["female", "male"]}}
        for body in bodies:
            with self.assertRaisesRegex(secagg.QueryError, "would be signed"):
                question.require_asked(body, wanted, SCHEMA)


class Words(unittest.TestCase):
    def test_words_make_the_query_and_leave_the_one_before(self):
        start = Dataset(None, {"dataset": "heart", "measures": []}, None).epsilon(0.5).count()
        whole = start.where(column("age") >= 18).where(~column("sex").isin(["male"])).group_by("sex").median("age", from_=0, to=90, step=10)
        self.assertEqual(start.query, {"dataset": "heart", "epsilon": 0.5, "measures": ["count"]})
        self.assertEqual(whole.query["where"], {"and": [{"column": "age", "ge": 18}, {"not": {"column": "sex", "in": ["male"]}}]})
        self.assertEqual(whole.query["measures"][1], {"median": "age", "from": 0, "to": 90, "step": 10})
        compile_query(whole.query, SCHEMA)

    def test_conditions_that_would_lose_a_part_are_refused(self):
        with self.assertRaises(TypeError):
            column("age") > 1 and column("age") < 3  # noqa: B015


class Station(http.server.BaseHTTPRequestHandler):
    """Answers as a test tells it to."""

    def do_GET(self):
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), self.headers.get("Idempotency-Key")))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def station(*answers):
    server = http.server.HTTPServer(("127.0.0.1", 0), Station)
    server.answers, server.asked = list(answers), []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Rest(unittest.TestCase):
    def test_token_crosses_no_open_network_and_follows_no_redirect(self):
        with self.assertRaisesRegex(ValueError, "https://"):
            Transport("http://station.example", "secret")
        with station((302, {"Location": "http://127.0.0.1:1/"}, {})) as (server, address):
            with self.assertRaises(secagg.StationError):
                Transport(address, "secret").get("/nodes")
        self.assertEqual(len(server.asked), 1)
        self.assertNotIn("secret", repr(Transport(address, "secret")))

    def test_busy_station_is_asked_again_and_a_refusal_keeps_its_code(self):
        with station((429, {"Retry-After": "0"}, {"code": "too-many-requests", "detail": "x"}), (200, {}, {"nodes": []}),
                     (403, {}, {"code": "not-permitted", "detail": "The key may not do this."})) as (server, address):
            transport = Transport(address, "t")
            self.assertEqual(transport.get("/nodes"), {"nodes": []})
            with self.assertRaisesRegex(secagg.StationError, "may not") as caught:
                transport.post("/jobs", {}, key="k-1")
            self.assertEqual((caught.exception.status, caught.exception.code), (403, "not-permitted"))
        self.assertEqual(server.asked[-1], ("POST", "/api/v1/jobs", "Bearer t", "k-1"))

    def test_retry_after_is_seconds_or_a_date(self):
        self.assertEqual([_seconds(wait) for wait in ("7", "", "soon", "Mon, 01 Jan 2001 00:00:00 GMT")], [7.0, 0.0, 0.0, 0.0])
        self.assertAlmostEqual(_seconds(email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=30))), 30, delta=2)

    def test_token_that_expired_is_renewed_with_the_refresh_token_once(self):
        with station((200, {}, {"access_token": "a1", "refresh_token": "r1"}), (200, {}, {"nodes": [1]}), (401, {}, {"code": "token-expired", "detail": "x"}),
                     (200, {}, {"access_token": "a2", "refresh_token": "r2"}), (200, {}, {"nodes": [2]})) as (server, address):
            transport = Transport(address, user=("alice", "a long password"))
            self.assertEqual([transport.get("/nodes")["nodes"] for _ in range(2)], [[1], [2]])
        self.assertEqual([asked[2] for asked in server.asked], [None, "Bearer a1", "Bearer a1", None, "Bearer a2"])

    def test_station_of_another_roster_or_with_another_schema_is_refused(self):
        class Pinned:
            hash = b"\x01" * 32
        other = {"schema_bytes": base64.b64encode(wire.encode("DatasetSchema", SCHEMA)).decode()}
        with station((200, {}, {"consortium": {"roster_hash": "02" * 32}}), (200, {}, other), (200, {}, other)) as (_, address):
            consortium = Consortium(Transport(address, "t"), Pinned, None)
            with self.assertRaisesRegex(secagg.EvidenceError, "pinned"):
                consortium.discovery()
            with self.assertRaisesRegex(secagg.QueryError, "'heart' for 'lung'"):
                consortium.schema("lung")
            with self.assertRaisesRegex(secagg.QueryError, "not the pinned one"):
                consortium.schema("heart", sha256="00" * 32)
            with self.assertRaisesRegex(secagg.QueryError, "key is needed"):
                consortium.sign({"dataset": "heart"})


class Waiting(unittest.TestCase):
    ID = "0a" * 16
    RUNNING = {"id": ID, "state": "running", "phase": "inputs"}
    DONE = {"id": ID, "state": "done", "phase": "ended"}

    def stream(self, *events):
        return (200, {"Content-Type": "text/event-stream"}, b"event: open\ndata: {}\n\n" + b"".join(b"event: job\nid: 7\ndata: " + json.dumps({"job": job}).encode() + b"\n\n" for job in events))

    def test_events_tell_the_progress_and_the_end(self):
        other, seen = self.DONE | {"id": "0b" * 16}, []
        with station(self.stream(other, self.RUNNING | {"phase": "agreeing"}, self.DONE), (200, {}, self.RUNNING)) as (server, address):
            self.assertEqual(Consortium(Transport(address, "t"), None, None).wait(self.ID, seen.append), self.DONE)
        self.assertEqual([job["phase"] for job in seen], ["inputs", "agreeing", "ended"])
        self.assertEqual([asked[1] for asked in server.asked], ["/api/v1/events", f"/api/v1/jobs/{self.ID}"])

    def test_where_the_stream_ends_or_never_begins_the_state_is_asked_for(self):
        for first in (self.stream(), (403, {}, {"code": "not-permitted"})):
            with station(first, (200, {}, self.RUNNING), (503, {"Retry-After": "0"}, {"code": "transcript-unavailable"}), (200, {}, self.DONE)) as (server, address):
                self.assertEqual(Consortium(Transport(address, "t"), None, None).wait(self.ID), self.DONE)
            self.assertEqual(len(server.asked), 4)

    def test_whoever_gives_up_waits_no_longer(self):
        stop = threading.Event()
        with station(self.stream(), *[(200, {}, self.RUNNING)] * 50) as (_, address):
            with self.assertRaises(secagg.Cancelled):
                Consortium(Transport(address, "t"), None, None).wait(self.ID, lambda _: stop.set(), cancelled=stop)
            with self.assertRaises(TimeoutError):
                Consortium(Transport(address, "t"), None, None).wait(self.ID, timeout=0)

    def test_evidence_that_breaks_off_is_fetched_again_from_the_start(self):
        with station((200, {"Content-Length": "9"}, b"half"), (200, {}, b"the whole")) as (_, address), tempfile.TemporaryFile() as file:
            Transport(address, "t").download("/jobs/x/transcript", file)
            file.seek(0)
            self.assertEqual(file.read(), b"the whole")


class Totals(unittest.TestCase):
    QUERY = {"dataset": "heart", "epsilon": 1, "measures": ["count", {"mean": "age"}]}

    def released(self, rows=500, sum_of_z=-900, **options):
        layout = Layout(wire.decode("Analysis", compile_query(self.QUERY, SCHEMA)), 1_000_000, 1, 5, 3)
        return release(layout, [rows, rows, sum_of_z], 5, **options)

    def test_numbers_follow_from_the_total(self):
        rows, present, mean = self.released()
        self.assertEqual((rows.name, rows.value, present.name, mean.name, mean.unit), ("count", 500, "count(age)", "mean(age)", "years"))
        self.assertAlmostEqual(mean.value, 45 - 900 / 500 / 2)
        self.assertTrue(rows.low < 500 < rows.high and mean.low < mean.value < mean.high)
        self.assertGreater(self.released(confidence=0.99)[0].high, rows.high)
        self.assertEqual([s.withheld for s in self.released(rows=9)], ["fewer than 10 rows"] * 3)

    def test_station_that_says_another_number_or_interval_is_found_out(self):
        found = self.released()
        said = [vars(s) for s in found]
        answer.require_same(found, said, "00")
        for at, changes in [(0, {"value": 501.0}), (1, {"high": found[1].high * 1.1}), (2, {"low": None, "value": None, "high": None}), (2, {"unit": "months"}), (0, {"name": "n"}), (0, {"contributors": 4})]:
            lie = [dict(item) for item in said]
            lie[at] |= changes
            with self.assertRaisesRegex(secagg.EvidenceError, "the station"):
                answer.require_same(found, lie, "00")
        with self.assertRaisesRegex(secagg.EvidenceError, "other numbers"):
            answer.require_same(found, said[:2], "00")

    def test_total_of_another_shape_is_none_of_the_question(self):
        layout = Layout(wire.decode("Analysis", compile_query(self.QUERY, SCHEMA)), 1_000_000, 1, 5, 3)
        packed = sum(v % (1 << layout.bits) << i * layout.bits for i, v in enumerate((7, -1, -(1 << layout.bits - 1)))).to_bytes(-(-3 * layout.bits // 8), "little")
        self.assertEqual(layout.centred(packed, layout.bits), [7, -1, -(1 << layout.bits - 1)])
        for data, bits in ((packed, layout.bits - 1), (packed[:-1], layout.bits)):
            with self.assertRaises(LayoutError):
                layout.centred(data, bits)


class Fitting(unittest.TestCase):
    def test_regression_is_a_query_of_its_own(self):
        start = Dataset(None, {"dataset": "heart", "measures": []}, None).epsilon(1)
        self.assertTrue(is_fitted(start.logistic("sex", "age").query))
        with self.assertRaisesRegex(secagg.QueryError, "only measure"):
            ModelFit(start.count().logistic("sex", "age").query)
        with self.assertRaisesRegex(secagg.QueryError, "millionth"):
            ModelFit(start.epsilon(0.000001).logistic("sex", "age", iterations=2).query)
        self.assertEqual(question.micro(ModelFit(start.logistic("sex", "age", iterations=3).query).next["epsilon"]), 333_333)


if __name__ == "__main__":
    unittest.main()
