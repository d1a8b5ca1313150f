import type { AccessUnit } from '../access-unit.js';
import { inspectH264, nal } from '../rtp/nal-unit.js';
import { parseClip, splitAnnexB } from './clip.js';
import { ClipSource } from './clip-source.js';

const start = [0, 0, 0, 1];
const annexB = Buffer.from([
  ...[...start, 0x09, 0xf0],
  ...[...start, 0x67, 0x64, 0x00, 0x1f, 0xac],
  ...[...start, 0x68, 0xee, 0x3c],
  ...[0, 0, 1, 0x65, 0x88, 0x01],
  ...[0, 0, 1, 0x65, 0x08, 0x02],
  ...[...start, 0x41, 0x9a, 0x03, 0x00, 0x00],
]);

describe('clips', () => {
  it('are cut into NAL units with and without the long start code, without trailing zeros', () => {
    expect(splitAnnexB(annexB).map((unit) => unit.toString('hex'))).toEqual([
      '09f0',
      '6764001fac',
      '68ee3c',
      '658801',
      '650802',
      '419a03',
    ]);
  });

  it('keep the slices of one picture together', () => {
    const { frames } = parseClip(annexB);
    expect(frames.map((frame) => [frame.key, frame.units.length])).toEqual([
      [true, 5],
      [false, 1],
    ]);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a clip that begins with a predicted frame', annexB.subarray(annexB.length - 9)],
  ])('refuse %s', (_title, data) => {
    expect(() => parseClip(data)).toThrow(expect.objectContaining({ code: 'clip-malformed' }));
  });
});

describe('ClipSource', () => {
  it('goes on with sequence and timestamps at the end of the clip and keeps its pace', async () => {
    const units: AccessUnit[] = [];
    const source = new ClipSource(parseClip(annexB), { name: 'test', framesPerSecond: 200 });
    const listener = {
      unit: (unit: AccessUnit): void => void units.push(unit),
      report: (): void => undefined,
      ended: (): void => undefined,
    };
    const open = await source.open(listener);
    const startedAt = performance.now();
    while (units.length < 41) await new Promise((resolve) => setTimeout(resolve, 2));
    await open.close();
    expect(performance.now() - startedAt).toBeGreaterThan(180);
    const sequences = units.flatMap((unit) => unit.packets.map((packet) => packet.readUInt16BE(2)));
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] + index) & 0xffff));
    const steps = units.slice(1).map((unit, index) => (unit.timestamp - units[index].timestamp) >>> 0);
    expect(new Set(steps)).toEqual(new Set([450]));
    expect(units.slice(0, 4).map((unit) => unit.key)).toEqual([true, false, true, false]);
    expect(inspectH264(units[0].packets[1].subarray(12))).toBe(nal.parameters);
    expect(open.description.tracks[0].lines[1]).toContain('profile-level-id=64001F');
  });
});
