import { fuzzDecoder } from '../test/fuzz-decoder.js';
import { fuzzSessions } from '../test/fuzz-session.js';
import { FrameDecoder } from './decode.js';
import { writeHeader } from './encode.js';
import { FRAME, HEADER_BYTES, MAX_CONTROL_PAYLOAD_BYTES } from './frame.js';

const MIB = 1_048_576;
/** A collection of all that earlier specs have left in this process takes its time; the soak takes more of them. */
const SAMPLES = 3;

/** For a machine that does other things too. */
jest.setTimeout(30_000);

describe('mutated streams', () => {
  it('are read by the decoder as the oracle reads them, or refused for a reason that the oracle finds too', () => {
    const { outcomes, faults, grownBytes } = fuzzDecoder({ inputs: 15_000, seed: 1, samples: SAMPLES });
    expect(faults).toEqual([]);
    const codes = ['bad-flags', 'bad-offset', 'frame-too-large', 'ok', 'unknown-frame'];
    expect(Object.keys(outcomes).toSorted()).toEqual(codes);
    expect(grownBytes).toBeLessThan(4 * MIB);
  });

  it.each([
    ['broker', false],
    ['broker', true],
    ['agent', false],
    ['agent', true],
  ] as const)(
    'end a session of the %s (resumable: %s) with a documented code, and leave nothing behind',
    async (role, resumable) => {
      const { outcomes, faults, grownBytes } = await fuzzSessions(
        { inputs: 150, seed: 2, samples: SAMPLES },
        { role, resumable },
      );
      expect(faults).toEqual([]);
      expect(Object.keys(outcomes).length).toBeGreaterThan(5);
      expect(grownBytes).toBeLessThan(4 * MIB);
    },
  );
});

describe('half frames', () => {
  it('cost a header and the payload that was announced, and nothing when that is over its limit', () => {
    const announce = (length: number): FrameDecoder => {
      const decoder = new FrameDecoder(() => undefined);
      const begin = Buffer.alloc(HEADER_BYTES + 1);
      writeHeader(begin, 0, FRAME.OPEN, 0, 1, 0, length);
      try {
        for (const byte of begin) decoder.push(Buffer.of(byte));
      } catch {
        return decoder;
      }
      return decoder;
    };
    const before = process.memoryUsage().arrayBuffers;
    const refused = Array.from({ length: 500 }, () => announce(0xffff_ffff));
    const held = Array.from({ length: 500 }, () => announce(MAX_CONTROL_PAYLOAD_BYTES));
    const grown = process.memoryUsage().arrayBuffers - before;
    const most = (HEADER_BYTES + MAX_CONTROL_PAYLOAD_BYTES) * held.length + HEADER_BYTES * refused.length;
    expect(grown).toBeLessThan(most + MIB);
  });
});
