// The other side in the interoperability tests: @grpc/grpc-js, the gRPC implementation of Node.js.
//   node peer.js server DIR            serves echo and health, prints "PORT n", and "CANCELLED" when a hanging call is given up
//   node peer.js client DIR PORT WHAT  makes one kind of call and prints one JSON document
// DIR holds server.crt, server.key, client.crt, client.key (PEM), or is "-" for plain HTTP/2. Ends when standard input closes.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const options = { keepCase: true, longs: Number, enums: String, defaults: true };
const load = (file) => grpc.loadPackageDefinition(loader.loadSync(file, options));
const { Echo } = load(path.join(__dirname, 'echo.proto')).interop.v1;
const { Health } = load(path.join(__dirname, '../../../protos/grpc/health/v1/health.proto')).grpc.health.v1;
const [role, dir, port, what] = process.argv.slice(2);
const tls = dir !== '-';
const pem = (name) => fs.readFileSync(path.join(dir, name));

const answer = (ask, count, bytes) => ({ text: ask.text, data: ask.size > 0 ? Buffer.alloc(ask.size) : ask.data, count, bytes });
const failure = (ask) => (ask.code ? { code: ask.code, details: ask.detail } : null);

function serve() {
  const server = new grpc.Server();
  const start = (call) => {
    const headers = new grpc.Metadata();
    for (const key of ['x-echo', 'x-echo-bin']) for (const value of call.metadata.get(key)) headers.add(key, value);
    call.on('cancelled', () => console.log('CANCELLED'));
    if (Object.keys(headers.getMap()).length) call.sendMetadata(headers);
    console.log('STARTED');
    return headers;
  };
  server.addService(Echo.service, {
    Unary(call, done) {
      const trailers = start(call);
      if (call.request.hang) return;
      if (failure(call.request)) done(failure(call.request));
      else done(null, answer(call.request, 0, call.request.data.length), trailers);
    },
    Down(call) {
      const trailers = start(call);
      for (let i = 0; i < call.request.count; i++) call.write(answer(call.request, i, 0));
      if (call.request.hang) return;
      if (failure(call.request)) call.emit('error', failure(call.request));
      else call.end(trailers);
    },
    Up(call, done) {
      start(call);
      const sum = { text: '', count: 0, bytes: 0 };
      call.on('data', (ask) => { sum.text += ask.text; sum.count++; sum.bytes += ask.data.length; });
      call.on('end', () => done(null, sum));
    },
    Both(call) {
      const trailers = start(call);
      let [count, bytes, failed] = [0, 0, false];
      call.on('data', (ask) => {
        bytes += ask.data.length;
        call.write(answer(ask, count++, bytes));
        if (failure(ask)) { failed = true; call.emit('error', failure(ask)); }
      });
      call.on('end', () => { if (!failed) call.end(trailers); });
    },
  });
  server.addService(Health.service, {
    Check(call, done) {
      if (call.request.service === '') done(null, { status: 'SERVING' });
      else done({ code: grpc.status.NOT_FOUND, details: 'no such service' });
    },
    Watch(call) {
      call.write({ status: call.request.service === '' ? 'SERVING' : 'SERVICE_UNKNOWN' });
    },
  });
  const credentials = tls
    ? grpc.ServerCredentials.createSsl(pem('client.crt'), [{ private_key: pem('server.key'), cert_chain: pem('server.crt') }], true)
    : grpc.ServerCredentials.createInsecure();
  server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
    if (error) throw error;
    console.log(`PORT ${bound}`);
  });
}

// --- client ---------------------------------------------------------------------------------------------------------
const plain = (a) => ({ text: a.text, count: a.count, bytes: a.bytes, status: a.status });
const ended = (call, extra) => new Promise((resolve) => {
  const seen = { answers: [], headers: {}, ...extra };
  call.on('metadata', (m) => { seen.headers = shown(m); });
  call.on('data', (a) => seen.answers.push(plain(a)));
  call.on('error', () => {});
  call.on('status', (s) => resolve({ ...seen, code: s.code, details: s.details, trailers: shown(s.metadata) }));
});
const shown = (metadata) => Object.fromEntries(['x-echo', 'x-echo-bin'].map((key) =>
  [key, metadata.get(key).map((v) => (Buffer.isBuffer(v) ? v.toString('hex') : v))]));
const unary = (client, method, ask, metadata, callOptions) => new Promise((resolve) => {
  const seen = { answers: [], headers: {} };
  const call = client[method](ask, metadata || new grpc.Metadata(), callOptions || {}, (error, a) => { if (a) seen.answers.push(a); });
  call.on('metadata', (m) => { seen.headers = shown(m); });
  call.on('status', (s) => setImmediate(() => resolve({
    ...seen,
    answers: seen.answers.map(plain),
    code: s.code, details: s.details, trailers: shown(s.metadata),
  })));
});

const credentials = () => {
  if (!tls) return grpc.credentials.createInsecure();
  return what === 'stranger'
    ? grpc.credentials.createSsl(pem('server.crt'))
    : grpc.credentials.createSsl(pem('server.crt'), pem('client.key'), pem('client.crt'));
};

const raw = (headers, body) => new Promise((resolve, reject) => {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', reject);
  const stream = session.request({ ':method': 'POST', te: 'trailers', 'content-type': 'application/grpc', ...headers });
  const seen = { trailers: {}, length: 0 };
  stream.on('response', (h, flags) => {
    seen.http = h[':status'];
    seen.code = h['grpc-status'] === undefined ? null : Number(h['grpc-status']);
    seen.details = h['grpc-message'] || '';
    seen.last = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    seen.accept = h['grpc-accept-encoding'] || '';
  });
  stream.on('trailers', (h) => { seen.trailers = { code: Number(h['grpc-status']), details: h['grpc-message'] || '' }; });
  stream.on('data', (d) => { seen.length += d.length; });
  stream.on('close', () => { session.close(); resolve(seen); });
  stream.on('error', () => {});
  stream.end(body);
});
const frame = (bytes, flag = 0) => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
};
const ask = frame(Buffer.from([10, 1, 97])); // text: "a"

const kinds = {
  unary: (c) => unary(c, 'Unary', { text: 'grüße', data: Buffer.alloc(3) }),
  down: (c) => ended(c.Down({ count: 50, size: 1000 })),
  up: (c) => new Promise((resolve) => {
    const seen = { answers: [] };
    const call = c.Up((error, a) => { if (a) seen.answers.push({ text: a.text, count: a.count, bytes: a.bytes }); });
    call.on('status', (s) => setImmediate(() => resolve({ ...seen, code: s.code, details: s.details })));
    for (let i = 0; i < 5; i++) call.write({ text: String(i), data: Buffer.alloc(1 << 20) });
    call.end();
  }),
  both: (c) => {
    const call = c.Both();
    let next = 0;
    const write = () => (next < 10 ? call.write({ text: String(next++), data: Buffer.alloc(256 << 10), size: 1 }) : call.end());
    call.on('data', write);
    write();
    return ended(call);
  },
  deadline: async (c) => {
    await unary(c, 'Unary', {}); // the connection is there already, so that a busy machine does not spend the time on that
    return unary(c, 'Unary', { hang: true }, null, { deadline: Date.now() + 2000 });
  },
  cancel: (c) => {
    const call = c.Both();
    call.write({ text: 'a' });
    call.on('data', () => call.cancel());
    return ended(call);
  },
  metadata: (c) => {
    const metadata = new grpc.Metadata();
    metadata.add('x-echo', 'plain text');
    metadata.add('x-echo-bin', Buffer.from([0, 1, 255]));
    metadata.add('x-echo-bin', Buffer.from([7]));
    return unary(c, 'Unary', { text: 'a' }, metadata);
  },
  status: (c) => unary(c, 'Unary', { code: 9, detail: 'Übergröße 100 % 漢字\n' }),
  'status-after-answers': (c) => ended(c.Down({ count: 3, code: 10, detail: 'stopped' })),
  oversize: (c) => unary(c, 'Unary', { data: Buffer.alloc(5 << 20) }),
  'oversize-stream': (c) => new Promise((resolve) => {
    const call = c.Up(() => {});
    call.on('status', (s) => resolve({ answers: [], code: s.code, details: s.details }));
    call.write({ data: Buffer.alloc(5 << 20) });
  }),
  'unknown-method': (c) => new Promise((resolve) => {
    const call = c.makeUnaryRequest('/interop.v1.Echo/Nothing', (b) => b, (b) => b, Buffer.alloc(0), () => {});
    call.on('status', (s) => resolve({ answers: [], code: s.code, details: s.details }));
  }),
  'unknown-service': (c) => new Promise((resolve) => {
    const call = c.makeUnaryRequest('/no.Such/Thing', (b) => b, (b) => b, Buffer.alloc(0), () => {});
    call.on('status', (s) => resolve({ answers: [], code: s.code, details: s.details }));
  }),
  concurrent: async (c) => {
    const all = await Promise.all(Array.from({ length: 300 }, (_, i) => unary(c, 'Unary', { text: String(i), data: Buffer.alloc(10000) })));
    return { answers: [], code: all.find((r) => r.code)?.code || 0, count: all.filter((r, i) => r.answers[0].text === String(i)).length };
  },
  health: (_, h) => unary(h, 'Check', { service: '' }),
  'health-unknown': (_, h) => unary(h, 'Check', { service: 'nothing' }),
  'health-watch': (_, h) => {
    const call = h.Watch({ service: 'changing' });
    call.on('data', (a) => { if (a.status === 'SERVING') call.cancel(); else console.log('WATCHING'); });
    return ended(call);
  },
  stranger: (c) => unary(c, 'Unary', { text: 'a' }, null, { deadline: Date.now() + 5000 }),
  'raw-status': () => raw({ ':path': '/interop.v1.Echo/Unary' }, frame(Buffer.from([32, 9, 42, 3, 37, 10, 97]))), // code 9, detail "%\na"
  'raw-content-type': () => raw({ ':path': '/interop.v1.Echo/Unary', 'content-type': 'application/json' }, ask),
  'raw-compressed': () => raw({ ':path': '/interop.v1.Echo/Unary' }, frame(Buffer.from([10, 1, 97]), 1)),
  'raw-encoding': () => raw({ ':path': '/interop.v1.Echo/Unary', 'grpc-encoding': 'gzip' }, ask),
};

async function call() {
  const target = `127.0.0.1:${port}`;
  const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const echo = new Echo(target, credentials(), limits);
  const health = new Health(target, credentials(), limits);
  console.log(`RESULT ${JSON.stringify(await kinds[what](echo, health))}`);
  process.exit(0);
}

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
if (role === 'server') serve(); else call();
