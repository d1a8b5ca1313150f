import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { Hub } from '../hub/hub.js';
import { FakeSource } from '../../test/fake-source.js';
import { RtspServer } from './server.js';
import type { Refusal, RtspServerOptions, ViewerInfo } from './serving.js';

interface Answer {
  status: number;
  text: string;
}

describe('RtspServer', () => {
  let server: RtspServer;
  let hub: Hub;
  let address: AddressInfo;
  let started: ViewerInfo[];
  let stopped: string[];
  const sockets: Socket[] = [];

  async function start(options: Partial<RtspServerOptions> = {}, tracks = 1): Promise<void> {
    started = [];
    stopped = [];
    hub = new Hub(new FakeSource({ tracks, everyMs: 5 }));
    const refusals: Record<string, Refusal> = {
      '/account': { status: 401, code: 'unauthenticated', reason: 'Unauthorized', digest: true },
      '/locked': { status: 401, code: 'ticket-missing', reason: 'Unauthorized', challenge: 'Basic realm="adit"' },
      '/forbidden': { status: 403, code: 'ticket-foreign', reason: 'Another camera' },
      '/full': { status: 453, code: 'live-capacity-exceeded', reason: 'Not Enough Bandwidth' },
    };
    server = new RtspServer(
      ({ path }) => {
        if (path === '/cam') return Promise.resolve({ hub });
        return Promise.resolve({
          refuse: refusals[path] ?? { status: 404, code: 'unknown', reason: 'No such stream' },
        });
      },
      options,
      {
        viewerStarted: (viewer) => void started.push(viewer),
        viewerStopped: (_viewer, code) => void stopped.push(code),
      },
    );
    address = await server.listen(0, '127.0.0.1');
  }

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    await server.close();
    await hub.close();
  });

  async function open(): Promise<Socket> {
    const socket = connect({ port: address.port, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  const url = (path: string): string => `rtsp://127.0.0.1:${address.port}${path}`;

  async function send(socket: Socket, text: string): Promise<Answer> {
    socket.write(text);
    let data = '';
    while (!data.includes('\r\n\r\n')) data += String(((await once(socket, 'data')) as [Buffer])[0]);
    return { status: Number(data.split(' ')[1]), text: data };
  }

  const ask = (socket: Socket, method: string, target: string, fields = ''): Promise<Answer> =>
    send(socket, `${method} ${target} RTSP/1.0\r\nCSeq: 7\r\n${fields}\r\n`);

  const tcp = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n';

  it('lists GET_PARAMETER, because some players send keep-alives only then', async () => {
    await start();
    expect((await ask(await open(), 'OPTIONS', '*')).text).toMatch(/Public: .*GET_PARAMETER/);
  });

  it('describes with a base that ends in a slash and controls by track', async () => {
    await start();
    const { text } = await ask(await open(), 'DESCRIBE', url('/cam?ticket=x'));
    expect(text).toContain(`Content-Base: ${url('/cam/')}\r\n`);
    expect(text).toContain('a=control:trackID=0');
  });

  it.each([
    ['an unknown stream', 404, 'DESCRIBE', '/none', ''],
    ['a stream that asks for a ticket', 401, 'DESCRIBE', '/locked', ''],
    ['a foreign stream', 403, 'DESCRIBE', '/forbidden', ''],
    ['a full redirector', 453, 'DESCRIBE', '/full', ''],
    ['publishing', 405, 'ANNOUNCE', '/cam', ''],
    ['an unknown method', 501, 'FLY', '/cam', ''],
    ['an inherited name as method', 501, 'CONSTRUCTOR', '/cam', ''],
    ['a required option', 551, 'DESCRIBE', '/cam', 'Require: onvif-replay\r\n'],
    ['another description format', 406, 'DESCRIBE', '/cam', 'Accept: text/html\r\n'],
    ['UDP', 461, 'SETUP', '/cam/trackID=0', 'Transport: RTP/AVP;unicast;client_port=5000-5001\r\n'],
    ['no transport at all', 461, 'SETUP', '/cam/trackID=0', ''],
    ['a track that does not exist', 404, 'SETUP', '/cam/trackID=9', tcp],
    ['playing without a session', 454, 'PLAY', '/cam', ''],
    ['an invented session', 454, 'SETUP', '/cam/trackID=0', `Session: 1234\r\n${tcp}`],
    ['a keep-alive for an invented session', 454, 'GET_PARAMETER', '/cam', 'Session: 1234\r\n'],
    ['a path that is no UTF-8', 400, 'DESCRIBE', '/%ff', ''],
  ])('answers %s with %i', async (_title, status, method, path, fields) => {
    await start();
    const answer = await ask(await open(), method, url(path), fields);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/CSeq: 7\r\n/);
    expect(answer.text).toMatch(/X-Error-Code: [a-z0-9-]+\r\n/);
  });

  it('offers the challenge of a 401', async () => {
    await start();
    expect((await ask(await open(), 'DESCRIBE', url('/locked'))).text).toContain(
      'WWW-Authenticate: Basic realm="adit"',
    );
  });

  it('asks for an account by Digest: SHA-256, then MD5, with a nonce of this connection', async () => {
    await start();
    const nonces = new Set<string | undefined>();
    for (const socket of [await open(), await open()]) {
      const { text } = await ask(socket, 'DESCRIBE', url('/account'));
      expect(text).toMatch(/WWW-Authenticate: Digest .*SHA-256\r\nWWW-Authenticate: Digest .*algorithm=MD5\r\n/);
      nonces.add(/nonce="([0-9a-f]{32})"/.exec(text)?.[1]);
    }
    expect(nonces.size).toBe(2);
  });

  it('calls the answer to another connection’s challenge stale, and refuses one that is malformed', async () => {
    await start();
    const of = (more: string): string =>
      `Authorization: Digest username="u", realm="Adit", nonce="${'0'.repeat(32)}", uri="${url('/account')}", response="r"${more}\r\n`;
    const socket = await open();
    expect((await ask(socket, 'DESCRIBE', url('/account'), of(''))).text).toContain('stale=true');
    expect((await ask(socket, 'DESCRIBE', url('/account'), of(', username="v"'))).status).toBe(400);
  });

  it('answers another version with 505 and a missing CSeq with 400', async () => {
    await start();
    const socket = await open();
    expect((await send(socket, 'OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n')).status).toBe(505);
    expect((await send(socket, 'OPTIONS * RTSP/1.0\r\n\r\n')).status).toBe(400);
  });

  it('answers setting up the aggregate of two tracks with 459', async () => {
    await start({}, 2);
    expect((await ask(await open(), 'SETUP', url('/cam'), tcp)).status).toBe(459);
  });

  it('answers a new transport while playing with 455, and playing one of two tracks with 460', async () => {
    await start({}, 2);
    const socket = await open();
    const session = await setUp(socket);
    await ask(socket, 'SETUP', url('/cam/trackID=1'), session + tcp);
    expect((await ask(socket, 'PLAY', url('/cam/trackID=1'), session)).status).toBe(460);
    expect((await ask(socket, 'PLAY', url('/cam'), session)).status).toBe(200);
    const text = `SETUP ${url('/cam/trackID=0')} RTSP/1.0\r\nCSeq: 99\r\n${session}${tcp}\r\n`;
    socket.write(text);
    let seen = '';
    while (!seen.includes('CSeq: 99')) seen += String(((await once(socket, 'data')) as [Buffer])[0]);
    expect(seen).toContain('RTSP/1.0 455');
  });

  async function setUp(socket: Socket): Promise<string> {
    const answer = await ask(socket, 'SETUP', url('/cam?ticket=x/trackID=0'), tcp);
    expect(answer.status).toBe(200);
    return `Session: ${/Session: (\w+);timeout=60/.exec(answer.text)![1]}\r\n`;
  }

  it('sends a sender report before the first packet', async () => {
    await start();
    const socket = await open();
    const session = await setUp(socket);
    socket.write(`PLAY ${url('/cam')} RTSP/1.0\r\nCSeq: 8\r\n${session}\r\n`);
    let data = Buffer.alloc(0);
    while (data.indexOf('$') < 0 || data.length < data.indexOf('$') + 8)
      data = Buffer.concat([data, ((await once(socket, 'data')) as [Buffer])[0]]);
    const frame = data.subarray(data.indexOf('$'));
    expect([frame[1], frame[5]]).toEqual([1, 200]);
    expect(data.toString('latin1')).toMatch(/RTP-Info: url=rtsp:\S+trackID=0/i);
  });

  it('tells the start and the end of each viewer', async () => {
    await start();
    const socket = await open();
    const session = await setUp(socket);
    await ask(socket, 'PLAY', url('/cam'), session);
    expect(started.map((viewer) => viewer.path)).toEqual(['/cam']);
    socket.write(`TEARDOWN ${url('/cam')} RTSP/1.0\r\nCSeq: 9\r\n${session}\r\n`);
    await poll(() => stopped.length === 1);
    expect(stopped).toEqual(['viewer-closed']);
    expect(hub.stats.outlets).toBe(0);
  });

  it('says good-bye to a viewer that is ended, with the reason, and hangs up', async () => {
    await start();
    const socket = await open();
    const session = await setUp(socket);
    await ask(socket, 'PLAY', url('/cam'), session);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'data');
    const [viewer] = started;
    viewer?.end('ended-by-operator');
    viewer?.end('again');
    socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n');
    await once(socket, 'close');
    const reason = Buffer.from('ended-by-operator');
    const bye = Buffer.concat(chunks).subarray(-(4 + 8 + 8 + 1 + reason.length + 2));
    expect([bye[0], bye[1], bye.readUInt16BE(2)]).toEqual([0x24, 1, bye.length - 4]);
    expect([bye[13], bye[20], bye.subarray(21, 21 + reason.length)]).toEqual([203, reason.length, reason]);
    expect(stopped).toEqual(['ended-by-operator']);
    expect(hub.stats.outlets).toBe(0);
  });

  it('ends connections that show no right in time and sessions without a sign of life', async () => {
    await start({ authenticationTimeoutMs: 50, sessionTimeoutMs: 80, sweepMs: 10 });
    const silent = await open();
    await once(silent, 'close');
    const playing = await open();
    await ask(playing, 'SETUP', url('/cam/trackID=0'), tcp);
    await once(playing, 'close');
    await poll(() => server.connections === 0);
  });

  it('takes no more connections than allowed before they show a right', async () => {
    await start({ maxUnauthenticated: 2 });
    await Promise.all([open(), open()]);
    const third = await open();
    await once(third, 'close');
    expect(server.connections).toBe(2);
  });

  it('makes room for another address when one address holds all connections without a right', async () => {
    await start({ maxUnauthenticated: 3 });
    const idle = [await open(), await open(), await open()];
    const closed = idle.map((socket) => once(socket, 'close'));
    const other = connect({ port: address.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    sockets.push(other);
    expect((await ask(other, 'DESCRIBE', url('/cam'))).status).toBe(200);
    await Promise.race(closed);
    expect(server.connections).toBe(3);
  });

  it('keeps no more answers than allowed for a client that reads none', async () => {
    await start({ maxUnreadAnswerBytes: 8 << 10 });
    const pair = duplexPair();
    server.handle(pair[0], { remoteAddress: '192.0.2.1' });
    const ended = once(pair[0], 'close');
    for (let request = 0; request < 1_000 && !pair[0].destroyed; request++) {
      pair[1].write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
      await new Promise(setImmediate);
    }
    await ended;
    expect(server.connections).toBe(0);
  });

  it('survives 300 malformed requests and answers each with 400, 413 or a close', async () => {
    await start({ maxUnauthenticated: 400 });
    const valid = `DESCRIBE ${url('/cam')} RTSP/1.0\r\nCSeq: 1\r\n\r\n`;
    for (let round = 0; round < 300; round++) {
      const socket = await open();
      const answer = await send(socket, malformed(valid, round));
      expect([400, 413]).toContain(answer.status);
      socket.destroy();
    }
    expect((await send(await open(), valid)).status).toBe(200);
  });
});

/** A request broken in one of many ways; the number chooses. */
function malformed(valid: string, round: number): string {
  const at = round % 20;
  const forms = [
    valid.replace('RTSP/1.0', `RTSX/1.${at}`),
    valid.replace('DESCRIBE', `de${String.fromCharCode(97 + at)}`),
    valid.replace('CSeq: 1', `CSeq: ${'x'.repeat(at + 1)}`),
    valid.replace('CSeq: 1', `CSeq: 1\r\nContent-Length: ${'9'.repeat(at + 5)}`),
    valid.replace('CSeq: 1', `CSeq: 1\r\n${'bad field '.repeat(at + 1)}`),
    valid.replace('CSeq: 1', `CSeq: 1\r\nX: ${'y'.repeat(17_000 + at)}`),
    valid.replace('rtsp://', `http${at}://`),
    `\u0000${'\u0001'.repeat(at)}${valid}`,
    valid.replace('CSeq: 1', `CSeq: 1\r\n${'A: b\r\n'.repeat(65 + at)}C: d`),
    valid.replace(' RTSP', ` ${'z '.repeat(at + 1)}RTSP`),
  ];
  return forms[Math.floor(round / 20) % forms.length];
}

async function poll(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}
