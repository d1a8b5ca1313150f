import fc from 'fast-check';
import { oracleDecode, type WireFrame } from '../test/oracle-codec.js';
import { FrameDecoder } from './decode.js';
import { encodeFrame } from './encode.js';
import { SessionError } from './errors.js';
import {
  FLAG_OPTIONAL,
  FRAME,
  HEADER_BYTES,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_PAYLOAD_BYTES,
  MAX_OFFSET,
} from './frame.js';

type Piece = Omit<WireFrame, 'flags'>;

/** Frames that come out, with the pieces of a DATA frame joined again. */
function decode(chunks: Buffer[], maxDataBytes = MAX_DATA_PAYLOAD_BYTES): Piece[] {
  const pieces: Piece[] = [];
  const decoder = new FrameDecoder((type, channel, offset, payload) => {
    const last = pieces.at(-1);
    const hex = payload.toString('hex');
    const follows = last?.type === FRAME.DATA && type === FRAME.DATA && last.channel === channel;
    if (follows && last.offset + last.payload.length / 2 === offset) {
      pieces.splice(-1, 1, { ...last, payload: last.payload + hex });
    } else pieces.push({ type, channel, offset, payload: hex });
  });
  decoder.maxDataBytes = maxDataBytes;
  for (const chunk of chunks) decoder.push(chunk);
  return pieces;
}

function failure(chunks: Buffer[], maxDataBytes?: number): string | undefined {
  try {
    decode(chunks, maxDataBytes);
    return undefined;
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** Every frame at least once, with a payload where it may have one. */
const EVERY_FRAME = Object.values(FRAME).flatMap((type) => [
  encodeFrame(type, 7, MAX_OFFSET),
  encodeFrame(type, 0xffff_ffff, 0x1_0000_0001, Buffer.from('payload')),
]);

describe('the frame decoder', () => {
  it('gives back every frame that was encoded', () => {
    const bytes = Buffer.concat(EVERY_FRAME);
    const expected = oracleDecode(bytes).map(({ type, channel, offset, payload }) => ({
      type,
      channel,
      offset,
      payload,
    }));
    expect(expected).toHaveLength(EVERY_FRAME.length);
    expect(decode([bytes])).toEqual(expected);
  });

  it.each(EVERY_FRAME.map((frame) => [frame]))('waits for the rest of a frame cut at any byte: %#', (frame) => {
    for (let length = 0; length < frame.length; length += 1) {
      const whole = decode([frame.subarray(0, length)]).filter((piece) => piece.type !== FRAME.DATA);
      expect(whole).toEqual([]);
      expect(decode([frame.subarray(0, length), frame.subarray(length)])).toEqual(decode([frame]));
    }
  });

  it('does not depend on how the bytes are chunked', () => {
    const frames = fc.array(
      fc.record({
        type: fc.constantFrom(...Object.values(FRAME)),
        channel: fc.integer({ min: 0, max: 0xffff_ffff }),
        offset: fc.maxSafeNat(),
        payload: fc.uint8Array({ maxLength: 300 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(frames, sizes, (list, cuts) => {
        const bytes = Buffer.concat(list.map((f) => encodeFrame(f.type, f.channel, f.offset, Buffer.from(f.payload))));
        const got = decode(cut(bytes, cuts));
        expect(got).toEqual(decode([bytes]));
        const chunkedToo = got.filter(({ type }) => type !== FRAME.DATA);
        const expected = oracleDecode(bytes).map(({ type, channel, offset, payload }) => ({
          type,
          channel,
          offset,
          payload,
        }));
        expect(chunkedToo).toEqual(expected.filter(({ type }) => type !== FRAME.DATA));
      }),
      { numRuns: 200 },
    );
  });

  it('skips unknown optional frames, whole and in pieces', () => {
    const unknown = encodeFrame(0x7f, 9, 5, Buffer.alloc(5_000), FLAG_OPTIONAL);
    const ping = encodeFrame(FRAME.PING, 0, 3);
    const bytes = Buffer.concat([unknown, ping, encodeFrame(0x70, 0, 0, undefined, FLAG_OPTIONAL), ping]);
    const pings = [3, 3].map((offset) => ({ type: FRAME.PING, channel: 0, offset, payload: '' }));
    expect(decode([bytes])).toEqual(pings);
    expect(decode(cut(bytes, [7]))).toEqual(pings);
  });

  it.each([
    ['unknown-frame', encodeFrame(0x7f, 0, 0)],
    ['bad-flags', encodeFrame(FRAME.PING, 0, 0, undefined, 0x80)],
    ['bad-offset', Buffer.from('130000000001002000000000000000000000', 'hex')],
    ['frame-too-large', encodeFrame(FRAME.DATA, 1, 0, Buffer.alloc(MAX_DATA_PAYLOAD_BYTES + 1))],
    ['frame-too-large', encodeFrame(FRAME.OPEN, 1, 0, Buffer.alloc(MAX_CONTROL_PAYLOAD_BYTES + 1))],
    ['frame-too-large', encodeFrame(0x7f, 1, 0, Buffer.alloc(MAX_DATA_PAYLOAD_BYTES + 1), FLAG_OPTIONAL)],
  ])('refuses by the header alone, with %s', (code, frame) => {
    expect(failure([frame.subarray(0, HEADER_BYTES)])).toBe(code);
    expect(failure(cut(frame.subarray(0, HEADER_BYTES), [5]))).toBe(code);
  });

  it.each(Object.values(FRAME))('accepts 4 KiB and no more before WELCOME, type %i', (type) => {
    const largest = encodeFrame(type, 0, 0, Buffer.alloc(MAX_CONTROL_PAYLOAD_BYTES));
    expect(failure([largest], MAX_CONTROL_PAYLOAD_BYTES)).toBeUndefined();
    const larger = encodeFrame(type, 0, 0, Buffer.alloc(MAX_CONTROL_PAYLOAD_BYTES + 1));
    expect(failure([larger], MAX_CONTROL_PAYLOAD_BYTES)).toBe('frame-too-large');
  });

  it('says nothing more once it has failed or was stopped', () => {
    const seen: number[] = [];
    const decoder = new FrameDecoder((type) => {
      seen.push(type);
      if (type === FRAME.FIN) decoder.stop();
    });
    const ping = encodeFrame(FRAME.PING, 0, 0);
    decoder.push(Buffer.concat([ping, encodeFrame(FRAME.FIN, 1, 0), ping]));
    decoder.push(ping);
    expect(seen).toEqual([FRAME.PING, FRAME.FIN]);
  });
});
