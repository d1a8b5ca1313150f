import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describeFake, FakeSource } from '../../test/fake-source.js';
import { Hub } from '../hub/hub.js';
import type { OpenReplay, ReplayAnswer, ReplaySource } from '../replay/replay-source.js';
import { RtspServer } from './server.js';
import type { Admit, Entrant } from './serving.js';

/** A recording that is read by nobody: what counts is who may ask for it. */
class FakeReplay implements ReplaySource {
  answer: ReplayAnswer = { status: 200, reason: 'OK', headers: {}, starts: [] };
  answersAfter: Promise<unknown> = Promise.resolve();

  open(): Promise<OpenReplay> {
    return Promise.resolve({
      description: { ...describeFake(1), ranges: [] },
      request: async (_request, answered) => {
        await this.answersAfter;
        answered(this.answer);
      },
      pause: () => undefined,
      resume: () => undefined,
      close: () => Promise.resolve(),
    });
  }
}

describe('the admission of RTSP viewers', () => {
  let server: RtspServer;
  let hub: Hub;
  let replay: FakeReplay;
  let address: AddressInfo;
  let places: number;
  let stopped: string[];
  const inside = new Set<Entrant>();
  const sockets: Socket[] = [];

  const admit: Admit = (entrant) => {
    if (inside.size >= places) {
      return { refuse: { status: 453, code: 'full', reason: 'Not Enough Bandwidth (full)' } };
    }
    inside.add(entrant);
    return { leave: () => void inside.delete(entrant) };
  };

  beforeEach(async () => {
    [places, stopped] = [1, []];
    hub = new Hub(new FakeSource({ tracks: 1, everyMs: 5 }));
    replay = new FakeReplay();
    const resolve = (path: string) => (path === '/recording' ? { replay, admit } : { hub, admit });
    server = new RtspServer(
      ({ path }) => Promise.resolve(resolve(path)),
      { sessionTimeoutMs: 2_000, sweepMs: 50 },
      { viewerStopped: (_viewer, code) => void stopped.push(code) },
    );
    address = await server.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    await server.close();
    await hub.close();
    if (inside.size > 0) throw new Error(`${inside.size} places were not given back`);
  });

  /** One client with its session. */
  class Client {
    session = '';

    constructor(
      readonly socket: Socket,
      readonly path: string,
    ) {}

    static async open(path = '/cam'): Promise<Client> {
      const socket = connect({ port: address.port, host: '127.0.0.1', noDelay: true });
      sockets.push(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      const client = new Client(socket, path);
      await client.ask('DESCRIBE');
      await client.setUp();
      return client;
    }

    async setUp(): Promise<void> {
      this.session = '';
      const text = await this.ask('SETUP', '/trackID=0', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n');
      this.session = /^session: ([^;\r]+)/im.exec(text)?.[1] ?? '';
    }

    /** The status line and header of the answer; RTP between answers is skipped. */
    async ask(method: string, track = '', fields = ''): Promise<string> {
      const session = this.session === '' ? '' : `Session: ${this.session}\r\n`;
      const target = `rtsp://127.0.0.1:${address.port}${this.path}${track}`;
      this.socket.write(`${method} ${target} RTSP/1.0\r\nCSeq: 3\r\n${session}${fields}\r\n`);
      let text = '';
      while (!/RTSP\/1\.0 \d{3}[^]*\r\n\r\n/.test(text)) {
        text += ((await once(this.socket, 'data')) as [Buffer])[0].toString('latin1');
      }
      return text.slice(text.indexOf('RTSP/1.0'));
    }

    async play(): Promise<number> {
      return Number((await this.ask('PLAY')).split(' ')[1]);
    }
  }

  const until = async (holds: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5_000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error('not in time');
      await delay(10);
    }
  };

  it.each(['/cam', '/recording'])('asks at PLAY of %s: who only describes and sets up holds nothing', async (path) => {
    const first = await Client.open(path);
    const second = await Client.open(path);
    expect(inside.size).toBe(0);
    expect(await second.play()).toBe(200);
    const refused = await first.ask('PLAY');
    expect(refused).toMatch(/^RTSP\/1\.0 453 Not Enough Bandwidth \(full\)\r\n/);
    expect(refused).toContain('X-Error-Code: full\r\n');
    await second.ask('TEARDOWN');
    expect(inside.size).toBe(0);
    expect(await first.play()).toBe(200);
  });

  it('gives the place back while a live viewer pauses, and asks again when it goes on', async () => {
    const [first, second] = [await Client.open(), await Client.open()];
    await first.play();
    expect(await first.play()).toBe(200);
    expect(inside.size).toBe(1);
    await first.ask('PAUSE');
    expect(await second.play()).toBe(200);
    expect(await first.play()).toBe(453);
    second.socket.destroy();
    await until(() => inside.size === 0);
    expect(await first.play()).toBe(200);
  });

  it('lets a recording keep its place while it pauses and seeks: its session at the site stays open', async () => {
    const client = await Client.open('/recording');
    for (const method of ['PLAY', 'PAUSE', 'PLAY', 'PLAY']) {
      expect(await client.ask(method)).toMatch(/^RTSP\/1\.0 200/);
      expect(inside.size).toBe(1);
    }
  });

  it('gives the last place to exactly one of those who ask for it at once', async () => {
    places = 3;
    const paths = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? '/cam' : '/recording'));
    const clients = await Promise.all(paths.map((path) => Client.open(path)));
    const statuses = await Promise.all(clients.map((client) => client.play()));
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(inside.size).toBe(3);
  });

  it.each(['/cam', '/recording'])(
    'ends whose place of %s is taken, by that code, and others are not touched',
    async (path) => {
      places = 2;
      const [first, second] = [await Client.open(path), await Client.open(path)];
      await first.play();
      await second.play();
      const [entrant] = inside;
      entrant?.end('preempted');
      await until(() => first.socket.destroyed || first.socket.readableEnded);
      await until(() => stopped.length === 1);
      expect([stopped, inside.size, second.socket.destroyed]).toEqual([['preempted'], 1, false]);
    },
  );

  it.each(['reset', 'fin', 'bye', 'silent'] as const)('has the place back of a player that ends by %s', async (how) => {
    const client = await Client.open();
    await client.play();
    if (how === 'reset') client.socket.resetAndDestroy();
    if (how === 'fin') client.socket.end();
    if (how === 'bye')
      client.socket.write(Buffer.from('$\u0001\u0000\u0008\u0081\u00cb\u0000\u0001\u0000\u0000\u0000\u0001', 'latin1'));
    await until(() => inside.size === 0);
    expect(stopped).toHaveLength(1);
  });

  it('keeps no place for a recording that the device refuses to play, nor for a player that is gone before it answers', async () => {
    const client = await Client.open('/recording');
    replay.answer = { ...replay.answer, status: 457, reason: 'Invalid Range' };
    expect(await client.play()).toBe(457);
    expect(inside.size).toBe(0);
    replay.answer = { ...replay.answer, status: 200 };
    let answer = (): void => undefined;
    replay.answersAfter = new Promise<void>((resolve) => (answer = resolve));
    void client.play().catch(() => undefined);
    await until(() => inside.size === 1);
    client.socket.resetAndDestroy();
    await until(() => inside.size === 0);
    answer();
    await until(() => server.connections === 0);
    expect([inside.size, stopped]).toEqual([0, []]);
  });

  it('gives the place back when the connection goes over to something else', async () => {
    const client = await Client.open('/recording');
    await client.play();
    const other = new Client(client.socket, '/cam');
    await other.ask('DESCRIBE');
    expect([inside.size, stopped]).toEqual([0, ['viewer-closed']]);
    await other.setUp();
    expect(await other.play()).toBe(200);
    expect(inside.size).toBe(1);
  });

  it('takes no place for a session that is none', async () => {
    const client = await Client.open('/recording');
    client.session = '0123456789abcdef';
    expect(await client.play()).toBe(454);
    expect(inside.size).toBe(0);
  });
});
