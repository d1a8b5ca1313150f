import fc from 'fast-check';
import { heldBytes } from '../test/held-bytes.js';
import { Reassembly } from './reassembly.js';

const BYTES = Buffer.from(Uint8Array.from({ length: 4_000 }, (_, at) => (at * 31 + (at >>> 8)) & 0xff));

/** Everything that follows on from `offset`. */
function drained(held: Reassembly, offset: number): Buffer {
  const taken: Buffer[] = [];
  let at = offset;
  for (let next = held.take(at); next !== undefined; next = held.take(at)) {
    taken.push(next);
    at += next.length;
  }
  return Buffer.concat(taken);
}

describe('bytes ahead of a gap', () => {
  it('are held once, whatever repeats or overlaps', () => {
    const held = new Reassembly();
    held.hold(10, Buffer.from('klmno'));
    held.hold(5, Buffer.from('fghijkl'));
    held.hold(12, Buffer.from('mnopqr'));
    expect(held.take(4)).toBeUndefined();
    expect(drained(held, 7).toString()).toBe('hijklmnopqr');
    expect(held.empty).toBe(true);
  });

  it('come out as a model of single bytes says, in whatever order and overlap they came', () => {
    const range = fc.record({ from: fc.nat(3_900), length: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 60 }), fc.nat(3_999), (ranges, start) => {
        const held = new Reassembly();
        const known = new Set<number>();
        for (const { from, length } of ranges) {
          held.hold(from, BYTES.subarray(from, from + length));
          for (let at = from; at < from + length; at += 1) known.add(at);
        }
        let end = start;
        while (known.has(end)) end += 1;
        expect(drained(held, start)).toEqual(BYTES.subarray(start, end));
        expect(held.take(end)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('do not keep the chunk that a crumb came in', () => {
    const held = new Reassembly();
    held.hold(1, Buffer.alloc(65_536).subarray(0, 1));
    expect(held.take(1)?.buffer.byteLength).toBe(1);
  });

  it('cost little more than themselves when they come byte by byte', () => {
    const before = heldBytes();
    const all = Array.from({ length: 16 }, () => new Reassembly());
    for (const held of all)
      for (let at = 1; at < 65_536; at += 1) held.hold(at, BYTES.subarray(at % 4_000, (at % 4_000) + 1));
    expect(heldBytes() - before).toBeLessThan(2 * all.length * 65_536 + 500_000);
    expect(all.map((held) => drained(held, 1).length)).toEqual(all.map(() => 65_535));
  });

  it('are taken in full windows of small frames with a few gaps, as honest senders make them', () => {
    const held = new Reassembly();
    const chunk = Buffer.alloc(2_048);
    for (let at = 1; at < 4 * 1_048_576; at += 2_048) if (at % (32 * 2_048) !== 1) held.hold(at, chunk);
    expect(held.empty).toBe(false);
  });

  it.each([
    ['rising', (n: number): number => 1 + 2 * n],
    ['falling', (n: number): number => 200_000 - 2 * n],
    ['falling without gaps', (n: number): number => 200_000 - n],
  ])('in more pieces than an honest sender makes end the session: %s', (_, offset) => {
    const held = new Reassembly();
    let count = 0;
    const flood = (): void => {
      for (; count < 100_000; count += 1) held.hold(offset(count), Buffer.alloc(1));
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'credit-violation' }));
    expect(count).toBeLessThan(100);
  });
});
