import { Mp4Boxes } from './mp4-boxes.js';

const box = (type: string, body: Buffer): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + body.length, 0);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, body]);
};

const reference = (ms: number): Buffer => {
  const body = Buffer.alloc(24);
  body.writeUInt32BE(Math.floor(ms / 1000) + 2_208_988_800, 8);
  body.writeUInt32BE(((ms % 1000) / 1000) * 2 ** 32, 12);
  return box('prft', body);
};

const FROM = Date.UTC(2026, 0, 31, 12);
// A box that looks like another one inside its data.
const media = box('mdat', Buffer.concat([Buffer.alloc(50), box('mfra', Buffer.alloc(3))]));
const index = box('mfra', Buffer.alloc(40));
const begun = Buffer.concat([box('ftyp', Buffer.alloc(12)), box('moov', Buffer.alloc(99)), reference(FROM), media]);
const file = Buffer.concat([begun, reference(FROM + 1_500), media, index]);

describe('Mp4Boxes', () => {
  it.each([1, 3, 7, 8, 31, 1_000])('tells how far a file is, and its end, in chunks of %d bytes', (size) => {
    const boxes = new Mp4Boxes();
    const seen = new Set<number | undefined>();
    for (let at = 0; at < file.length; at += size) {
      expect(boxes.isWhole).toBe(false);
      boxes.push(file.subarray(at, at + size));
      seen.add(boxes.recordedMs);
    }
    expect(boxes.isWhole).toBe(true);
    expect(boxes.recordedMs).toBe(FROM + 1_500);
    if (size < 100) expect([...seen]).toEqual([undefined, FROM, FROM + 1_500]);
  });

  it('takes no file for whole that was cut at any byte, or goes on behind its index', () => {
    for (let end = 0; end < file.length; end++) {
      const boxes = new Mp4Boxes();
      boxes.push(file.subarray(0, end));
      expect(boxes.isWhole).toBe(false);
    }
    const boxes = new Mp4Boxes();
    boxes.push(Buffer.concat([file, Buffer.from([0])]));
    expect(boxes.isWhole).toBe(false);
  });

  it('does not stand still at nonsense', () => {
    const boxes = new Mp4Boxes();
    boxes.push(Buffer.alloc(100_000));
    boxes.push(Buffer.alloc(100_000, 0xff));
    expect(boxes.isWhole).toBe(false);
  });
});
