import { Budget } from './budget.js';
import { Channel, type ChannelPort } from './channel.js';
import { SYSTEM_CLOCK } from './config.js';
import { type ChannelClass, MAX_DATA_PAYLOAD_BYTES } from './frame.js';
import { ReceiveWindow } from './receive-window.js';
import { SendBudget } from './send-budget.js';
import { SendOrder } from './send-order.js';

const PORT: ChannelPort = {
  sendable: () => undefined,
  creditDue: () => undefined,
  ackDue: () => undefined,
  ackLater: () => undefined,
  over: () => undefined,
  resumable: false,
  sendReset: () => undefined,
  sendStop: () => undefined,
  ended: () => undefined,
  rttMs: undefined,
  sendBufferBytes: 2 ** 40,
  sendBufferLimitBytes: 2 ** 40,
  sendBudget: new SendBudget(2 ** 40),
  maxRetainedBytes: 2 ** 40,
};

function channel(id: number, channelClass: ChannelClass, chunkBytes: number): Channel {
  const window = new ReceiveWindow(1, 1, new Budget(1), SYSTEM_CLOCK);
  const made = new Channel(id, 's', channelClass, '', window, PORT);
  made.out.grant(2 ** 40);
  for (let chunk = 0; chunk < 2_000; chunk += 1) made.write(Buffer.alloc(chunkBytes));
  return made;
}

/** Serves `bytes` the way the sender does. @returns bytes by channel id. */
function serve(order: SendOrder, bytes: number, frameBytes = MAX_DATA_PAYLOAD_BYTES): Map<number, number> {
  const sent = new Map<number, number>();
  for (let total = 0; total < bytes;) {
    const next = order.next();
    if (next === undefined) break;
    const served = next.out.sendableBytes(frameBytes);
    next.out.sent(served);
    order.charge(served);
    sent.set(next.id, (sent.get(next.id) ?? 0) + served);
    total += served;
    if (next.out.sendable) order.add(next);
  }
  return sent;
}

const CHUNK = 8_192;
const TOTAL = 13 * MAX_DATA_PAYLOAD_BYTES * 10;

describe('the order of sending', () => {
  it('gives the classes below control their weights, whatever the number of channels', () => {
    const order = new SendOrder();
    const live = channel(1, 'live', CHUNK);
    const events = channel(3, 'events', CHUNK);
    const playback = channel(5, 'playback', CHUNK);
    const bulk = [7, 9, 11, 13].map((id) => channel(id, 'bulk', CHUNK));
    for (const each of [...bulk, playback, events, live]) order.add(each);
    const sent = serve(order, TOTAL);
    const share = (ids: number[]): number => ids.reduce((sum, id) => sum + (sent.get(id) ?? 0), 0) / TOTAL;
    expect(share([1])).toBeCloseTo(8 / 13, 1);
    expect(share([3])).toBeCloseTo(2 / 13, 1);
    expect(share([5])).toBeCloseTo(2 / 13, 1);
    expect(share([7, 9, 11, 13])).toBeCloseTo(1 / 13, 1);
  });

  it('serves 200 channels of a class alike (Jain’s index at least 0.99)', () => {
    const order = new SendOrder();
    const ids = Array.from({ length: 200 }, (_, index) => 2 * index + 1);
    for (const id of ids) order.add(channel(id, 'live', 64));
    const sent = serve(order, 200 * 10 * 1_024, 1_024);
    const shares = ids.map((id) => sent.get(id) ?? 0);
    const sum = shares.reduce((a, b) => a + b, 0);
    expect(sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0))).toBeGreaterThanOrEqual(0.99);
  });

  it('puts control before all of them', () => {
    const order = new SendOrder();
    order.add(channel(1, 'live', CHUNK));
    order.add(channel(3, 'bulk', CHUNK));
    order.next();
    order.add(channel(5, 'control', CHUNK));
    expect(order.next()?.id).toBe(5);
  });

  it('serves control beyond its share as events', () => {
    let now = 0;
    const order = new SendOrder({ steadyMs: () => now, rateBytes: () => 1_000_000 });
    const greedy = channel(1, 'control', CHUNK);
    order.add(greedy);
    for (const each of [channel(3, 'live', CHUNK), channel(5, 'events', CHUNK)]) order.add(each);
    const first = serve(order, 50_000, CHUNK);
    expect([...first.keys()]).toEqual([1]);
    const busy = serve(order, TOTAL);
    expect((busy.get(1) ?? 0) / (busy.get(5) ?? 1)).toBeCloseTo(1, 0);
    expect(busy.get(3) ?? 0).toBeGreaterThan(3 * (busy.get(1) ?? 0));
    now = 1_000;
    order.add(channel(7, 'control', CHUNK));
    expect(order.next()?.id).toBe(7);
  });

  it('keeps the last of a capped line for control and events', () => {
    const order = new SendOrder();
    for (const [id, name] of [
      [1, 'live'],
      [3, 'events'],
      [5, 'control'],
    ] as const)
      order.add(channel(id, name, CHUNK));
    expect([order.next(true)?.id, order.next(true)?.id, order.next(true)]).toEqual([5, 3, undefined]);
    expect(order.next()?.id).toBe(1);
  });

  it('gives all of the lane to a class that is alone', () => {
    const order = new SendOrder();
    order.add(channel(1, 'bulk', CHUNK));
    expect(serve(order, 100 * CHUNK).get(1)).toBe(104 * CHUNK);
  });

  it('skips a channel that was reset while it waited', () => {
    const order = new SendOrder();
    const cut = channel(1, 'live', CHUNK);
    order.add(cut);
    order.add(channel(3, 'live', CHUNK));
    cut.reset('x');
    expect(order.next()?.id).toBe(3);
    expect(order.next()).toBeUndefined();
  });
});
