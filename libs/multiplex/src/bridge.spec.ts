import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { openChannel, readAll, type SessionPair, socketPair, startedPair, until } from '../test/session-pair.js';
import { heldBytes } from '../test/held-bytes.js';
import { bridge, type BridgeEnd } from './bridge.js';
import { Budget } from './budget.js';
import { channelDuplex } from './duplex.js';
import { SocketReads } from './socket-reads.js';

interface Path {
  readonly pair: SessionPair;
  /** What the program at the broker's side and the program at the site hold in hand. */
  readonly client: Socket;
  readonly server: Socket;
  readonly ends: Promise<[BridgeEnd, BridgeEnd]>;
}

/** client ⇄ bridge ⇄ channel ⇄ bridge ⇄ server, all over real sockets. */
async function bridgedPath(): Promise<Path> {
  const pair = await startedPair({ transports: await socketPair() });
  const [near, far] = await openChannel(pair);
  const [client, brokerSide] = await socketPair();
  const [siteSide, server] = await socketPair();
  return { pair, client, server, ends: Promise.all([bridge(brokerSide, near), bridge(siteSide, far)]) };
}

describe('a bridge', () => {
  it('passes half-close through: the answer to a finished request still arrives', async () => {
    const { pair, client, server, ends } = await bridgedPath();
    const request = randomBytes(700_000);
    const answer = randomBytes(900_000);
    client.end(request);
    expect((await buffer(server)).equals(request)).toBe(true);
    server.end(answer);
    expect((await buffer(client)).equals(answer)).toBe(true);
    const [near, far] = await ends;
    expect(near).toEqual({ bytesIn: answer.length, bytesOut: request.length, reason: 'finished' });
    expect(far).toEqual({ bytesIn: request.length, bytesOut: answer.length, reason: 'finished' });
    pair.close();
  });

  it('carries every byte both ways on a socket that was opened with shared reads, also of what came before it', async () => {
    const pair = await startedPair({ transports: await socketPair() });
    const [near, far] = await openChannel(pair);
    const [client, brokerSide] = await socketPair();
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const reads = new SocketReads();
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const siteSide = connect({ port, host: '127.0.0.1', allowHalfOpen: true, onread: reads.onread });
    const [service] = (await accepted) as [Socket];
    const greeting = randomBytes(200_000);
    service.write(greeting);
    await until(() => siteSide.bytesRead > 0);
    const ends = Promise.all([bridge(brokerSide, near), bridge(siteSide, far, reads)]);
    const request = randomBytes(900_000);
    const answer = randomBytes(3_000_000);
    client.end(request);
    expect((await buffer(service)).equals(request)).toBe(true);
    service.end(answer);
    expect((await buffer(client)).equals(Buffer.concat([greeting, answer]))).toBe(true);
    expect((await ends)[1]).toEqual({
      bytesIn: request.length,
      bytesOut: greeting.length + answer.length,
      reason: 'finished',
    });
    server.close();
    pair.close();
  });

  it('passes a cut on: the far socket is reset, not ended', async () => {
    const { pair, client, server, ends } = await bridgedPath();
    client.write('hello');
    await once(server, 'data');
    const failed = once(server, 'error');
    client.resetAndDestroy();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
    const [near, far] = await ends;
    expect(near.reason).toMatch(/^socket-(error|closed)$/);
    expect(far.reason).toBe(near.reason);
    pair.close();
  });

  it('closes its sockets when the session is lost', async () => {
    const { pair, client, server, ends } = await bridgedPath();
    for (const socket of [client, server]) socket.on('error', () => undefined);
    pair.agent.close('normal');
    await until(() => client.destroyed && server.destroyed);
    expect((await ends).map((end) => end.reason)).toEqual(['session-lost', 'session-lost']);
  });

  it('delivers the whole answer of a program that answers and closes without reading on', async () => {
    const pair = await startedPair({ config: { windowBytes: 65_536 } });
    const [near, far] = await openChannel(pair);
    const answer = randomBytes(200_000);
    const gone = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    gone.push(answer);
    gone.push(null);
    const end = bridge(gone, far);
    near.write(Buffer.from('more'));
    await until(() => gone.destroyed && far.bytesSent === 65_536);
    expect((await readAll(near)).equals(answer)).toBe(true);
    expect(await end).toEqual({ bytesIn: 4, bytesOut: answer.length, reason: 'socket-error' });
    expect((await near.closed).code).toBe('socket-error');
    pair.close();
  });

  it('stops reading the socket when the far reader stops, and goes on where it was', async () => {
    const { pair, client, server } = await bridgedPath();
    let accepted = 0;
    const block = randomBytes(65_536);
    server.pause();
    const total = 512;
    let sent = 0;
    const pump = (): void => {
      while (sent < total) {
        sent += 1;
        if (!client.write(block)) return;
      }
      client.end();
    };
    client.on('drain', pump);
    pump();
    let before = -1;
    await until(() => {
      const still = client.bytesWritten - client.writableLength;
      const stalled = still === before && client.writableLength > 0;
      before = still;
      accepted = sent;
      return stalled;
    });
    expect(accepted).toBeLessThan(total);
    expect((await buffer(server)).length).toBe(total * block.length);
    client.destroy();
    server.destroy();
    pair.close();
  });
});

describe('the Duplex face of a channel', () => {
  it('carries HTTP/2 calls', async () => {
    const pair = await startedPair({ transports: await socketPair() });
    const [near, far] = await openChannel(pair, 'control');
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    server.emit('connection', channelDuplex(far));
    const client = connectHttp2('http://site.internal', { createConnection: () => channelDuplex(near) });
    const bodies = Array.from({ length: 20 }, (_, index) => randomBytes(10_000 * (index + 1)));
    const echoes = bodies.map((body) => {
      const call = client.request({ ':method': 'POST', ':path': '/' });
      call.end(body);
      return buffer(call);
    });
    const results = await Promise.all(echoes);
    expect(results.every((echo, index) => echo.equals(bodies[index] ?? Buffer.alloc(0)))).toBe(true);
    client.close();
    await once(client, 'close');
    await until(() => pair.broker.channelCount === 0 && pair.agent.channelCount === 0);
    pair.close();
  });

  it('is destroyed with the code of a reset', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    const failed = once(channelDuplex(near), 'error');
    far.reset('socket-closed');
    expect(await failed).toMatchObject([{ name: 'ChannelResetError', code: 'socket-closed' }]);
    pair.close();
  });

  it('loses nothing of what was written before end and destroy', async () => {
    const pair = await startedPair();
    const [near, far] = await openChannel(pair);
    const duplex = channelDuplex(near);
    const sent = randomBytes(3_000_000);
    const got = readAll(far);
    far.end();
    duplex.resume();
    duplex.end(sent, () => duplex.destroy());
    expect((await got).equals(sent)).toBe(true);
    pair.close();
  });

  /** A program that takes nothing until it is let, and has said all that it has to say. */
  class StuckProgram extends Duplex {
    taken: Buffer[] = [];
    private isLet = false;
    private waiting: (() => void) | undefined;

    constructor() {
      super({ allowHalfOpen: true });
      this.push(null);
    }

    override _read(): void {}

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
      this.taken.push(chunk);
      if (this.isLet) done();
      else this.waiting = done;
    }

    letIt(): void {
      this.isLet = true;
      this.waiting?.();
    }
  }

  it('keeps bytes of a finished channel reserved until the socket has taken them', async () => {
    const agentBudget = new Budget(64 * 1_048_576);
    const pair = await startedPair({ transports: await socketPair(), agentBudget });
    const [near, far] = await openChannel(pair);
    const program = new StuckProgram();
    const ends = bridge(program, far);
    const answer = randomBytes(200_000);
    near.onFin = () => undefined;
    near.write(answer);
    near.end();
    await far.closed;
    await until(() => pair.agent.channelCount === 0);
    expect(agentBudget.reservedBytes).toBe(answer.length);
    program.letIt();
    await ends;
    expect(Buffer.concat(program.taken).equals(answer)).toBe(true);
    expect(agentBudget.reservedBytes).toBe(0);
    pair.close();
  });

  it('holds little more than the window for a program that does not read, however small the pieces are', async () => {
    const pair = await startedPair({ transports: await socketPair() });
    const [near, far] = await openChannel(pair);
    const program = new StuckProgram();
    void bridge(program, far);
    const before = heldBytes();
    for (let count = 0; count < 20_000; count += 1) {
      near.write(Buffer.of(count % 256));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => far.bytesReceived === 20_000);
    expect(heldBytes() - before).toBeLessThan(4 * 1_048_576);
    program.destroy();
    pair.close();
  }, 20_000);
});
