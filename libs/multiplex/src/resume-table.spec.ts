import fc from 'fast-check';
import { SessionError } from './errors.js';
import { MAX_CHANNEL_ID, MAX_CONTROL_PAYLOAD_BYTES } from './frame.js';
import { CHANNEL_STATE, encodeTable, type ResumeTable, type TableEntry, TableReader } from './resume-table.js';

const entry: fc.Arbitrary<TableEntry> = fc.record({
  id: fc.integer({ min: 1, max: MAX_CHANNEL_ID }),
  state: fc.constantFrom(...Object.values(CHANNEL_STATE)),
  receivedOffset: fc.maxSafeNat(),
  maxData: fc.maxSafeNat(),
});
const table: fc.Arbitrary<ResumeTable> = fc.record({
  lastPeerId: fc.integer({ min: 0, max: MAX_CHANNEL_ID }),
  lastOwnId: fc.integer({ min: 0, max: MAX_CHANNEL_ID }),
  answerWanted: fc.boolean(),
  entries: fc.array(entry, { maxLength: 600, size: 'max' }).map((list) => new Map(list.map((one) => [one.id, one]))),
});

/** Written from SPEC.md section 8.5 alone. */
function oracle(parts: readonly { offset: number; payload: Buffer }[]): ResumeTable {
  const last = parts.at(-1);
  const entries = new Map<number, TableEntry>();
  for (const { payload } of parts) {
    for (let rest = payload.subarray(8); rest.length > 0; rest = rest.subarray(21)) {
      const view = new DataView(rest.buffer, rest.byteOffset, 21);
      const id = view.getUint32(0, false);
      const [receivedOffset, maxData] = [Number(view.getBigUint64(5, false)), Number(view.getBigUint64(13, false))];
      entries.set(id, { id, state: view.getUint8(4) as TableEntry['state'], receivedOffset, maxData });
    }
  }
  const head = last?.payload ?? Buffer.alloc(8);
  const answerWanted = ((last?.offset ?? 0) & 2) === 2;
  return { lastPeerId: head.readUInt32BE(0), lastOwnId: head.readUInt32BE(4), answerWanted, entries };
}

function failure(parts: readonly [offset: number, payload: Buffer][], maxEntries = 1_000): string | undefined {
  const reader = new TableReader(maxEntries);
  try {
    for (const [offset, payload] of parts) reader.push(offset, payload);
    return undefined;
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

const one: TableEntry = { id: 7, state: CHANNEL_STATE.open, receivedOffset: 5, maxData: 9 };
const partOf = (...entries: TableEntry[]): Buffer => {
  const list = new Map(entries.map((each, index) => [index, each]));
  const [part] = encodeTable({ lastPeerId: 1, lastOwnId: 2, answerWanted: false, entries: list });
  return part?.payload ?? Buffer.alloc(0);
};

describe('the table of a resume', () => {
  it('comes back as it was encoded, in parts that fit a frame, and as the oracle reads it', () => {
    fc.assert(
      fc.property(table, (sent) => {
        const parts = encodeTable(sent);
        const reader = new TableReader(1_000);
        const read = parts.map(({ offset, payload }) => reader.push(offset, payload));
        expect(parts.filter(({ payload }) => payload.length > MAX_CONTROL_PAYLOAD_BYTES)).toEqual([]);
        expect(read.slice(0, -1).filter((early) => early !== undefined)).toEqual([]);
        expect(read.at(-1)).toEqual(sent);
        expect(oracle(parts)).toEqual(sent);
      }),
      { numRuns: 50 },
    );
  });

  it('cut at any byte is refused, or lists the channels before the cut', () => {
    const whole = partOf(one, { ...one, id: 9 }, { ...one, id: 11 });
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      const entries = length < 8 ? undefined : (length - 8) / 21;
      if (entries === undefined || !Number.isInteger(entries)) expect(failure([[1, cut]])).toBe('bad-field');
      else expect(new TableReader(9).push(1, cut)?.entries.size).toBe(entries);
    }
  });

  it.each<[string, string, [number, Buffer][]]>([
    ['bad-field', 'a channel twice', [[1, partOf(one, one)]]],
    [
      'bad-field',
      'a channel twice, in two parts',
      [
        [0, partOf(one)],
        [1, partOf(one)],
      ],
    ],
    ['bad-field', 'a bit that it does not know', [[4, partOf(one)]]],
    ['bad-field', 'a state that it does not know', [[1, Buffer.concat([partOf(), Buffer.alloc(21, 4)])]]],
    [
      'bad-offset',
      'an offset beyond 2^53 - 1',
      [[1, Buffer.concat([partOf(), Buffer.from('0000000102', 'hex'), Buffer.alloc(16, 0xff)])]],
    ],
  ])('is refused with %s for %s', (code, _, parts) => {
    expect(failure(parts)).toBe(code);
  });

  it('without an end is refused once it lists more channels than there can be', () => {
    const parts = Array.from({ length: 100 }, (_, id): [number, Buffer] => [0, partOf({ ...one, id })]);
    expect(failure(parts, 100)).toBeUndefined();
    expect(failure(parts, 99)).toBe('bad-field');
  });

  it('may follow another one on the same lane', () => {
    const reader = new TableReader(10);
    expect([reader.push(1, partOf(one))?.entries.size, reader.push(3, partOf(one))?.answerWanted]).toEqual([1, true]);
  });
});
