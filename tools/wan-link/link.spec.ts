import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { waitUntil } from '../../test/harness/condition.js';
import { WanLink, type LinkOptions } from './link.mjs';
import { play } from './script.mjs';

interface Line {
  link: WanLink;
  /** Sockets of the far end, in the order of their arrival. */
  far: Socket[];
}

const open: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

const line = async (options: Omit<LinkOptions, 'target'> = {}): Promise<Line> => {
  const far: Socket[] = [];
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    far.push(socket.on('error', () => undefined));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const link = new WanLink({ ...options, target: { port: (server.address() as AddressInfo).port } });
  await link.start();
  open.push(async () => {
    await link.stop();
    for (const socket of far) socket.destroy();
    server.close();
  });
  return { link, far };
};

/** Both ends of one more connection. */
const pair = async ({ link, far }: Line): Promise<[Socket, Socket]> => {
  const index = far.length;
  const near = connect({ port: link.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  near.on('error', () => undefined);
  open.push(() => void near.destroy());
  await waitUntil('the far end is there', () => far.length > index);
  const there = far[index];
  if (there === undefined) throw new Error('unreachable');
  return [near, there];
};

const counting = (socket: Socket): { bytes: number } => {
  const counter = { bytes: 0 };
  socket.on('data', (chunk: Buffer) => (counter.bytes += chunk.length));
  return counter;
};

const sample = async <T>(forMs: number, take: () => T): Promise<T[]> => {
  const samples: T[] = [];
  const until = performance.now() + forMs;
  await waitUntil('the time is over', () => {
    samples.push(take());
    return performance.now() > until;
  });
  return samples;
};

/** Writes without end, as fast as the socket takes it. */
const pour = (socket: Socket): void => {
  const chunk = Buffer.alloc(16 * 1024);
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
};

const roundTrip = async (near: Socket): Promise<number> => {
  const started = performance.now();
  near.write('x');
  await once(near, 'data');
  return performance.now() - started;
};

describe('a simulated line', () => {
  it('passes bytes unchanged in both directions, also the end of each', async () => {
    const [near, far] = await pair(await line({ up: { jitterMs: 3 }, seed: 7 }));
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const received: Buffer[] = [];
    far.on('data', (chunk: Buffer) => received.push(chunk));
    near.end(sent);
    await once(far, 'end');
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    far.end('answer');
    expect(String((await once(near, 'data'))[0])).toBe('answer');
    await once(near, 'close');
  });

  it('takes its delay, once per direction', async () => {
    const [near, far] = await pair(await line({ up: { delayMs: 30 }, down: { delayMs: 10 } }));
    far.on('data', (chunk: Buffer) => far.write(chunk));
    const trips = [await roundTrip(near), await roundTrip(near), await roundTrip(near)];
    expect(Math.min(...trips)).toBeGreaterThanOrEqual(39.5);
    expect(Math.min(...trips)).toBeLessThan(60);
  });

  it('lets the first byte of a connection wait for a round trip, as a handshake does', async () => {
    const wan = await line({ up: { delayMs: 20 }, down: { delayMs: 20 } });
    const started = performance.now();
    const [near, far] = await pair(wan);
    near.write('x');
    await once(far, 'data');
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  });

  it('has one rate for all connections together', async () => {
    const wan = await line({ up: { rateBitsPerS: 8e6, bufferBytes: 16 * 1024 } });
    const pairs = [await pair(wan), await pair(wan), await pair(wan)];
    const counters = pairs.map(([, far]) => counting(far));
    for (const [near] of pairs) pour(near);
    const total = (): number => counters.reduce((sum, { bytes }) => sum + bytes, 0);
    await waitUntil('it flows', () => total() > 50_000);
    const [before, started] = [total(), performance.now()];
    await waitUntil('a megabyte passed', () => total() - before > 1e6);
    const bitsPerS = ((total() - before) * 8_000) / (performance.now() - started);
    expect(bitsPerS / 8e6).toBeGreaterThan(0.9);
    expect(bitsPerS / 8e6).toBeLessThan(1.1);
    const shares = counters.map(({ bytes }) => bytes / total());
    expect(Math.min(...shares)).toBeGreaterThan(0.25);
  });

  it('bounds its queue and pushes back on the sender', async () => {
    const wan = await line({ up: { rateBitsPerS: 1e6, bufferBytes: 20_000 } });
    const [near] = await pair(wan);
    pour(near);
    await waitUntil('the sender is held', () => near.writableNeedDrain && wan.link.stats.upQueueBytes > 15_000);
    expect(wan.link.stats.upMaxQueueBytes).toBeLessThanOrEqual(20_000 + 1_448);
  });

  it('keeps a receiver that does not read from holding up the others', async () => {
    const wan = await line({ up: { rateBitsPerS: 80e6, windowBytes: 64 * 1024 } });
    const [[stuck], [near, far]] = [await pair(wan), await pair(wan)];
    pour(stuck);
    await waitUntil('it is stuck', async () => {
      const [first, last] = [wan.link.stats.upBytes, await sample(100, () => wan.link.stats.upBytes)];
      return first > 0 && last.at(-1) === first;
    });
    far.on('data', (chunk: Buffer) => far.write(chunk));
    expect(await roundTrip(near)).toBeLessThan(50);
  });

  it('stands still while stalled and goes on without a loss', async () => {
    const wan = await line({ up: { delayMs: 5 } });
    const [near, far] = await pair(wan);
    const counter = counting(far);
    wan.link.stall('up');
    near.write(Buffer.alloc(10_000));
    expect(Math.max(...(await sample(150, () => counter.bytes)))).toBe(0);
    wan.link.resume();
    await waitUntil('all came', () => counter.bytes === 10_000);
  });

  it('as a blackhole passes nothing, tells no end, and never gives a connection back', async () => {
    const wan = await line();
    const [near, far] = await pair(wan);
    const counter = counting(far);
    let ended = false;
    for (const event of ['end', 'close'] as const) far.on(event, () => (ended = true));
    wan.link.blackhole();
    near.write('lost');
    near.end();
    const late = connect({ port: wan.link.port, host: '127.0.0.1' }).on('error', () => undefined);
    open.push(() => void late.destroy());
    late.write('nowhere');
    await sample(200, () => undefined);
    expect([counter.bytes, ended, wan.far.length]).toEqual([0, false, 1]);
    wan.link.heal();
    const [again, farAgain] = await pair(wan);
    again.write('hello');
    expect(String((await once(farAgain, 'data'))[0])).toBe('hello');
    expect([counter.bytes, ended]).toEqual([0, false]);
  });

  it('resets both ends, of the one connection that the seed chooses', async () => {
    const victims = await Promise.all(
      [3, 3, 4].map(async (seed) => {
        const wan = await line({ seed });
        const pairs = [await pair(wan), await pair(wan), await pair(wan), await pair(wan)];
        wan.link.reset('one');
        await waitUntil('one is gone', () => pairs.some(([near, far]) => near.destroyed && far.destroyed));
        return pairs.map(([near]) => near.destroyed);
      }),
    );
    expect(victims.every((gone) => gone.filter(Boolean).length === 1)).toBe(true);
    expect(victims[1]).toEqual(victims[0]);
    expect(victims[2]).not.toEqual(victims[0]);
  });

  it('passes the reset of either end on', async () => {
    const wan = await line();
    const [[first, firstFar], [second, secondFar]] = [await pair(wan), await pair(wan)];
    first.resetAndDestroy();
    secondFar.resetAndDestroy();
    await waitUntil('both are gone', () => firstFar.destroyed && second.destroyed);
    await waitUntil('the line forgets them', () => wan.link.stats.connections === 0);
  });

  it('closes one direction alone', async () => {
    const wan = await line();
    const [near, far] = await pair(wan);
    wan.link.halfClose('up');
    far.resume();
    await once(far, 'end');
    far.write('still');
    expect(String((await once(near, 'data'))[0])).toBe('still');
  });

  it('plays a script and changes while it runs', async () => {
    const wan = await line();
    const [near, far] = await pair(wan);
    far.on('data', (chunk: Buffer) => far.write(chunk));
    const told: string[] = [];
    play(
      wan.link,
      [
        { atMs: 1, event: 'delay 40 up' },
        { atMs: 2, event: 'rate 8 both' },
      ],
      (event) => told.push(event),
    );
    await waitUntil('both have happened', () => told.length === 2);
    expect(await roundTrip(near)).toBeGreaterThanOrEqual(39.5);
    expect(wan.link.line.down.settings.rateBitsPerS).toBe(8e6);
  });
});
