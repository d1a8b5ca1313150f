import { setTimeout as delay } from 'node:timers/promises';
import { ReorderBuffer } from './reorder-buffer.js';

const limits = { maxHeld: 4, holdMs: 20 };

describe('ReorderBuffer', () => {
  const seen: string[] = [];
  let buffer: ReorderBuffer;

  beforeEach(() => {
    seen.length = 0;
    const deliver = (packet: Buffer, isGap: boolean): void => void seen.push(`${isGap ? '|' : ''}${packet.toString()}`);
    buffer = new ReorderBuffer(deliver, limits);
  });

  afterEach(() => buffer.close());

  const push = (sequence: number, ssrc = 1): void =>
    buffer.push(Buffer.from(`${ssrc === 1 ? '' : `${ssrc}:`}${sequence}`), { sequence, ssrc });

  it('passes on what is in order at once, across the end of the numbers', () => {
    for (const sequence of [65_534, 65_535, 0, 1]) push(sequence);
    expect(seen).toEqual(['65534', '65535', '0', '1']);
    expect(buffer.lost).toBe(0);
  });

  it('puts in order what overtook, and loses nothing by it', () => {
    for (const sequence of [65_535, 2, 1, 0, 3]) push(sequence);
    expect(seen).toEqual(['65535', '0', '1', '2', '3']);
    expect([buffer.lost, buffer.late]).toEqual([0, 0]);
  });

  it('gives up what does not come in time, says so, and leaves out what comes too late', async () => {
    for (const sequence of [1, 4, 5, 7]) push(sequence);
    expect(seen).toEqual(['1']);
    await delay(limits.holdMs * 3);
    expect(seen).toEqual(['1', '|4', '5', '|7']);
    push(2);
    push(7);
    expect(seen).toHaveLength(4);
    expect([buffer.lost, buffer.late]).toEqual([3, 2]);
  });

  it('holds no more than its limit', () => {
    for (const sequence of [1, 3, 4, 5, 6]) push(sequence);
    expect(seen).toEqual(['1']);
    push(7);
    expect(seen).toEqual(['1', '|3', '4', '5', '6', '7']);
  });

  it('follows another stream only when two packets in a row agree on it', () => {
    push(1);
    push(40_000);
    push(9, 2);
    push(20_000);
    push(2);
    push(50, 3);
    push(51, 3);
    push(52, 3);
    expect(seen).toEqual(['1', '2', '|3:51', '3:52']);
  });
});
