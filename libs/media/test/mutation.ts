/** Random numbers that are the same in every run (mulberry32). @returns 0 ≤ number < 1 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Change = (data: Buffer, at: number, random: () => number) => Buffer;

const insert = (data: Buffer, at: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat([data.subarray(0, at), ...parts, data.subarray(at)]);

/** What goes wrong on wires and what strangers try. */
const changes: Change[] = [
  (data, at, random) =>
    insert(data.subarray(0, at), at, Buffer.from([Math.floor(random() * 256)]), data.subarray(at + 1)),
  (data, at, random) => Buffer.concat([data.subarray(0, at), data.subarray(at + 1 + Math.floor(random() * 20))]),
  (data, at, random) => insert(data, at, data.subarray(at, at + 1 + Math.floor(random() * 60))),
  (data, at, random) => insert(data, at, Buffer.from(Array.from({ length: 1 + random() * 30 }, () => random() * 256))),
  (data, at) => data.subarray(0, at),
  (data, at) => insert(data, at, Buffer.from('\r\n')),
  (data, at) => insert(data, at, Buffer.from('4294967296')),
  (data, at) => insert(data, at, Buffer.alloc(1 + (at % 5_000), 0x41)),
  (data, at) => insert(data, at, Buffer.from([0x24, 0, 0xff, 0xff])),
];

/** A valid message broken in one to four places. */
export function mutate(valid: Buffer, random: () => number): Buffer {
  let data = Buffer.from(valid);
  const times = 1 + Math.floor(random() * 4);
  for (let time = 0; time < times && data.length > 0; time++) {
    const change = changes[Math.floor(random() * changes.length)];
    data = Buffer.from(change(data, Math.floor(random() * data.length), random));
  }
  return data;
}
