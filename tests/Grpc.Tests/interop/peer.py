"""The other side in the interoperability tests: grpcio, the gRPC implementation of Python (Debian's python3-grpcio).

python3 peer.py server DIR            serves echo and health, prints "PORT n", and "CANCELLED" when a hanging call is given up
python3 peer.py client DIR PORT WHAT  makes one kind of call and prints one JSON document

DIR holds server.crt, server.key, client.crt, client.key (PEM), or is "-" for plain HTTP/2. Ends when standard input closes.
The messages are built from descriptors made here, so that no code generator is needed.
"""
import json
import os
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

F = descriptor_pb2.FieldDescriptorProto


def build(file, package, messages):
    """Message classes by name from {name: [(field, number, type)]}."""
    proto = descriptor_pb2.FileDescriptorProto(name=file, package=package, syntax="proto3")
    for name, fields in messages.items():
        message = proto.message_type.add(name=name)
        for field, number, kind in fields:
            message.field.add(name=field, number=number, type=kind, label=F.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages]


Ask, Answer = build("echo.proto", "interop.v1", {
    "Ask": [("text", 1, F.TYPE_STRING), ("data", 2, F.TYPE_BYTES), ("count", 3, F.TYPE_INT32), ("code", 4, F.TYPE_INT32),
            ("detail", 5, F.TYPE_STRING), ("hang", 6, F.TYPE_BOOL), ("size", 7, F.TYPE_INT32)],
    "Answer": [("text", 1, F.TYPE_STRING), ("data", 2, F.TYPE_BYTES), ("count", 3, F.TYPE_INT32), ("bytes", 4, F.TYPE_INT64)],
})
HealthRequest, HealthResponse = build("health.proto", "grpc.health.v1", {
    "Request": [("service", 1, F.TYPE_STRING)],
    "Response": [("status", 1, F.TYPE_INT32)],
})
CODES = {code.value[0]: code for code in grpc.StatusCode}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def say(line):
    print(line, flush=True)


# --- server -----------------------------------------------------------------------------------------------------------
def answer(ask, count, received):
    return Answer(text=ask.text, data=bytes(ask.size) if ask.size else ask.data, count=count, bytes=received)


def start(context):
    echoed = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-echo")]
    if echoed:
        context.send_initial_metadata(echoed)
        context.set_trailing_metadata(echoed)
    say("STARTED")


def end(ask, context):
    if ask.hang:
        gone = threading.Event()
        if context.add_callback(gone.set):
            gone.wait(30)
        say("CANCELLED")
    if ask.code:
        context.abort(CODES[ask.code], ask.detail)


def unary(ask, context):
    start(context)
    end(ask, context)
    return answer(ask, 0, len(ask.data))


def down(ask, context):
    start(context)
    for i in range(ask.count):
        yield answer(ask, i, 0)
    end(ask, context)


def up(asks, context):
    start(context)
    total = Answer()
    for ask in asks:
        total.text += ask.text
        total.count += 1
        total.bytes += len(ask.data)
    return total


def both(asks, context):
    start(context)
    context.add_callback(lambda: say("CANCELLED"))
    received = 0
    for count, ask in enumerate(asks):
        received += len(ask.data)
        yield answer(ask, count, received)
        end(ask, context)


def check(request, context):
    if request.service:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
    return HealthResponse(status=1)


def watch(request, context):
    yield HealthResponse(status=3 if request.service else 1)
    gone = threading.Event()
    if context.add_callback(gone.set):
        gone.wait(30)


def serve(directory):
    server = grpc.server(futures.ThreadPoolExecutor(16))
    coding = {"request_deserializer": Ask.FromString, "response_serializer": Answer.SerializeToString}
    health = {"request_deserializer": HealthRequest.FromString, "response_serializer": HealthResponse.SerializeToString}
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("interop.v1.Echo", {
            "Unary": grpc.unary_unary_rpc_method_handler(unary, **coding),
            "Down": grpc.unary_stream_rpc_method_handler(down, **coding),
            "Up": grpc.stream_unary_rpc_method_handler(up, **coding),
            "Both": grpc.stream_stream_rpc_method_handler(both, **coding),
        }),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
            "Check": grpc.unary_unary_rpc_method_handler(check, **health),
            "Watch": grpc.unary_stream_rpc_method_handler(watch, **health),
        }),
    ))
    if directory == "-":
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        credentials = grpc.ssl_server_credentials(
            [(pem(directory, "server.key"), pem(directory, "server.crt"))], pem(directory, "client.crt"), True)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    say(f"PORT {port}")
    threading.Event().wait()


# --- client -----------------------------------------------------------------------------------------------------------
def shown(metadata):
    pairs = list(metadata or ())
    return {key: [v.hex() if isinstance(v, bytes) else v for k, v in pairs if k == key] for key in ("x-echo", "x-echo-bin")}


def result(call, answers):
    """Reads a call to its end."""
    seen = []
    try:
        for one in answers():
            seen.append({"text": one.text, "count": one.count, "bytes": one.bytes}
                        if isinstance(one, Answer) else {"status": one.status})
    except grpc.RpcError:
        pass
    return {"answers": seen, "code": call.code().value[0], "details": call.details(), "headers": shown(call.initial_metadata()),
            "trailers": shown(call.trailing_metadata())}


class Client:
    def __init__(self, channel):
        self.channel = channel

    def _coding(self, ask, reply):
        return {"request_serializer": ask.SerializeToString, "response_deserializer": reply.FromString}

    def one(self, ask, path="/interop.v1.Echo/Unary", reply=Answer, **options):
        call = self.channel.unary_unary(path, **self._coding(type(ask), reply)).future(ask, **options)
        return result(call, lambda: [call.result()])

    def down(self, ask):
        call = self.channel.unary_stream("/interop.v1.Echo/Down", **self._coding(Ask, Answer))(ask)
        return result(call, lambda: call)

    def up(self, asks):
        call = self.channel.stream_unary("/interop.v1.Echo/Up", **self._coding(Ask, Answer)).future(iter(asks))
        return result(call, lambda: [call.result()])

    def both(self, count):
        more = threading.Semaphore(1)

        def asks():
            for i in range(count):
                more.acquire()
                yield Ask(text=str(i), data=bytes(256 << 10), size=1)

        call = self.channel.stream_stream("/interop.v1.Echo/Both", **self._coding(Ask, Answer))(asks())

        def answers():
            for one in call:
                more.release()
                yield one
        return result(call, answers)

    def cancel(self):
        quiet = threading.Event()

        def asks():
            yield Ask(text="a")
            quiet.wait(30)

        call = self.channel.stream_stream("/interop.v1.Echo/Both", **self._coding(Ask, Answer))(asks())

        def answers():
            for one in call:
                call.cancel()
                quiet.set()
                yield one
        return result(call, answers)

    def watch(self):
        call = self.channel.unary_stream("/grpc.health.v1.Health/Watch", **self._coding(HealthRequest, HealthResponse))(
            HealthRequest(service="changing"))

        def answers():
            for one in call:
                if one.status == 1:
                    call.cancel()
                else:
                    say("WATCHING")
                yield one
        return result(call, answers)

    def concurrent(self):
        method = self.channel.unary_unary("/interop.v1.Echo/Unary", **self._coding(Ask, Answer))
        calls = [method.future(Ask(text=str(i), data=bytes(10000))) for i in range(300)]
        return {"answers": [], "code": max(c.code().value[0] for c in calls),
                "count": sum(c.result().text == str(i) for i, c in enumerate(calls))}


METADATA = (("x-echo", "plain text"), ("x-echo-bin", b"\x00\x01\xff"), ("x-echo-bin", b"\x07"))
KINDS = {
    "unary": lambda c: c.one(Ask(text="grüße", data=bytes(3))),
    "down": lambda c: c.down(Ask(count=50, size=1000)),
    "up": lambda c: c.up([Ask(text=str(i), data=bytes(1 << 20)) for i in range(5)]),
    "both": lambda c: c.both(10),
    # The first call connects, so that a busy machine does not spend the deadline on that.
    "deadline": lambda c: c.one(Ask()) and c.one(Ask(hang=True), timeout=2),
    "cancel": lambda c: c.cancel(),
    "metadata": lambda c: c.one(Ask(text="a"), metadata=METADATA),
    "status": lambda c: c.one(Ask(code=9, detail="Übergröße 100 % 漢字\n")),
    "status-after-answers": lambda c: c.down(Ask(count=3, code=10, detail="stopped")),
    "oversize": lambda c: c.one(Ask(data=bytes(5 << 20))),
    "oversize-stream": lambda c: c.up([Ask(data=bytes(5 << 20))]),
    "unknown-method": lambda c: c.one(Ask(), "/interop.v1.Echo/Nothing"),
    "unknown-service": lambda c: c.one(Ask(), "/no.Such/Thing"),
    "concurrent": lambda c: c.concurrent(),
    "health": lambda c: c.one(HealthRequest(), "/grpc.health.v1.Health/Check", HealthResponse),
    "health-unknown": lambda c: c.one(HealthRequest(service="nothing"), "/grpc.health.v1.Health/Check", HealthResponse),
    "health-watch": lambda c: c.watch(),
    "stranger": lambda c: c.one(Ask(text="a"), timeout=5),
}


def call(directory, port, what):
    target = f"127.0.0.1:{port}"
    if directory == "-":
        channel = grpc.insecure_channel(target, UNLIMITED)
    elif what == "stranger":
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(pem(directory, "server.crt")), UNLIMITED)
    else:
        credentials = grpc.ssl_channel_credentials(pem(directory, "server.crt"), pem(directory, "client.key"), pem(directory, "client.crt"))
        channel = grpc.secure_channel(target, credentials, UNLIMITED)
    say("RESULT " + json.dumps(KINDS[what](Client(channel))))
    os._exit(0)


def pem(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


def leave_with_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=leave_with_input, daemon=True).start()
    if sys.argv[1] == "server":
        serve(sys.argv[2])
    else:
        call(*sys.argv[2:5])
