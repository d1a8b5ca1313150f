import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AccessUnit } from '../access-unit.js';
import { writeRtp } from '../rtp/packet.js';
import { encodeFrame, frameFlag, frameType, LinkDecoder, maxFrameBytes, type LinkFrame } from './frame.js';
import { encodeUnit, UnitAssembler } from './media-frame.js';

const frames = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  track: fc.integer({ min: 0, max: 255 }),
  frameSeq: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  captureUs: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

function decode(...chunks: Buffer[]): LinkFrame[] {
  const decoder = new LinkDecoder();
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

function unitOf(sizes: number[]): AccessUnit {
  const packets = sizes.map((size, index) =>
    writeRtp({ marker: false, payloadType: 96, sequence: index, timestamp: 77, ssrc: 9 }, Buffer.alloc(size, index)),
  );
  const bytes = packets.reduce((sum, packet) => sum + packet.length, 0);
  return { track: 1, key: true, discontinuity: false, timestamp: 77, captureUs: 1e15, packets, bytes };
}

describe('link frames', () => {
  it('have the layout of LINK.md', () => {
    const frame = encodeFrame(
      { type: 3, flags: 5, track: 2, frameSeq: 0x01020304, captureUs: 0x0a0b0c },
      Buffer.from('xy'),
    );
    expect(frame.toString('hex')).toBe('00000011' + '03' + '05' + '02' + '01020304' + '00000000000a0b0c' + '7879');
  });

  it('have the numbers of LINK.md', () => {
    const text = readFileSync(join(__dirname, '../../LINK.md'), 'utf8');
    const rows = [...text.matchAll(/^\| ([A-Z_]+) \| (\d+) \|/gm)].map((row) => [row[1], Number(row[2])]);
    expect(Object.fromEntries(rows)).toEqual({ ...frameType, ...frameFlag });
    expect(text).toContain(`at most ${maxFrameBytes.toLocaleString('en')}`);
  });

  it('survive any chunking', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 5 }), fc.array(fc.nat(200), { maxLength: 6 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((frame) => encodeFrame(frame)));
        const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).toSorted((a, b) => a - b), stream.length];
        expect(decode(...at.slice(1).map((end, index) => stream.subarray(at[index], end)))).toEqual(sent);
      }),
    );
  });

  it('wait for their end at every byte', () => {
    const frame = encodeFrame({ type: 1 }, Buffer.from('abc'));
    for (let end = 0; end < frame.length; end++) expect(decode(frame.subarray(0, end))).toEqual([]);
  });

  it.each([
    ['shorter than a head', 14, 'link-malformed'],
    ['over the cap, before their bytes arrive', maxFrameBytes + 1, 'link-too-large'],
  ])('are refused when %s', (_title, length, code) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    expect(() => decode(head)).toThrow(expect.objectContaining({ code }));
  });
});

describe('units over the link', () => {
  it.each([
    ['small', [10, 1400]],
    ['of empty packets', [0, 0]],
    ['of exactly one frame', [60_000, 65_536 - 60_000 - 2 * 14]],
    ['of many frames', [65_000, 65_000, 65_000, 3]],
  ])('come back bit by bit: %s', (_title, sizes) => {
    const unit = unitOf(sizes);
    const received = decode(encodeUnit(unit, 5, true));
    const assembler = new UnitAssembler(1 << 20);
    const whole = received.map((frame) => assembler.push(frame)).filter((made) => made !== undefined);
    expect(whole).toEqual([{ ...unit, discontinuity: true }]);
    expect(received.every((frame) => frame.payload.length <= 65_536 && frame.frameSeq === 5)).toBe(true);
  });

  it('are refused when they are too large, without START, or hold what is no RTP', () => {
    const [first, second] = decode(encodeUnit(unitOf([65_000, 65_000]), 1, false));
    expect(() => new UnitAssembler(1000).push(first)).toThrow(expect.objectContaining({ code: 'link-too-large' }));
    expect(() => new UnitAssembler(1 << 20).push(second)).toThrow(expect.objectContaining({ code: 'link-malformed' }));
    const flags = frameFlag.START | frameFlag.END;
    for (const payload of [Buffer.from([0, 9, 1]), Buffer.from([0, 2, 1, 1]), Buffer.from([0]), Buffer.alloc(0)]) {
      expect(() => new UnitAssembler(1000).push({ ...first, flags, payload })).toThrow(
        expect.objectContaining({ code: 'link-malformed' }),
      );
    }
  });
});
