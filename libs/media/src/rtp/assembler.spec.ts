import { parseDescription, type Track } from '../stream-description.js';
import { Assembler } from './assembler.js';
import { inspectH264, inspectH265, nal } from './nal-unit.js';
import { writeRtp } from './packet.js';
import { packetizeH264 } from './packetizer.js';

function track(codec: string): Track {
  return parseDescription(`v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 ${codec}/90000\n`).tracks[0];
}

const packet = (timestamp: number, marker: boolean, ...payload: number[]): Buffer =>
  writeRtp({ marker, payloadType: 96, sequence: timestamp, timestamp, ssrc: 1 }, Buffer.from(payload));

describe('Assembler', () => {
  it('ends a unit at the marker', () => {
    const assembler = new Assembler(track('H264'));
    expect(assembler.push(packet(1, false, 0x7c, 0x85), 10)).toEqual([]);
    const [unit] = assembler.push(packet(1, true, 0x7c, 0x45), 20);
    expect(unit).toMatchObject({ key: true, timestamp: 1, captureUs: 20, bytes: 28 });
    expect(unit.packets).toHaveLength(2);
  });

  it('ends a unit at another timestamp when the camera sets no marker', () => {
    const assembler = new Assembler(track('H264'));
    assembler.push(packet(1, false, 0x41, 0x80), 0);
    const units = assembler.push(packet(2, false, 0x41, 0x80), 0);
    expect(units.map((unit) => [unit.timestamp, unit.key])).toEqual([[1, false]]);
  });

  it('keeps parameter sets with their picture when each NAL unit carries a marker', () => {
    const assembler = new Assembler(track('H264'));
    expect(assembler.push(packet(1, true, 0x67), 0)).toEqual([]);
    expect(assembler.push(packet(1, true, 0x68), 0)).toEqual([]);
    expect(assembler.push(packet(1, true, 0x65), 0)[0].packets).toHaveLength(3);
  });

  it('leaves out the units that a loss touched and marks the next', () => {
    const assembler = new Assembler(track('H264'));
    assembler.push(packet(1, false, 0x7c, 0x85), 0);
    assembler.gap();
    expect(assembler.push(packet(2, false, 0x7c, 0x05), 0)).toEqual([]);
    expect(assembler.push(packet(2, true, 0x7c, 0x45), 0)).toEqual([]);
    expect(assembler.push(packet(3, true, 0x41), 0)).toMatchObject([{ timestamp: 3, discontinuity: true }]);
    expect(assembler.push(packet(4, true, 0x41), 0)).toMatchObject([{ timestamp: 4, discontinuity: false }]);
  });

  it('loses of sound only the packets that are lost', () => {
    const [sound] = parseDescription('v=0\nm=audio 0 RTP/AVP 0\n').tracks;
    const assembler = new Assembler(sound);
    const of = (timestamp: number): Buffer =>
      writeRtp({ marker: false, payloadType: 0, sequence: timestamp, timestamp, ssrc: 1 }, Buffer.from([1]));
    assembler.push(of(1), 0);
    assembler.gap();
    expect(assembler.push(of(3), 0)).toMatchObject([{ timestamp: 3, discontinuity: true }]);
  });

  it('drops a unit beyond its cap, whole, and marks the next', () => {
    const assembler = new Assembler(track('H264'), { maxUnitBytes: 30, maxUnitPackets: 10 });
    for (const marker of [false, false, true]) expect(assembler.push(packet(1, marker, 0x41), 0)).toEqual([]);
    expect(assembler.push(packet(2, true, 0x41), 0)[0].discontinuity).toBe(true);
  });

  it('ignores other payload types and what is no RTP', () => {
    const assembler = new Assembler(track('H264'));
    expect(assembler.push(Buffer.from([1, 2, 3]), 0)).toEqual([]);
    expect(
      assembler.push(
        writeRtp({ marker: true, payloadType: 97, sequence: 1, timestamp: 1, ssrc: 1 }, Buffer.alloc(4)),
        0,
      ),
    ).toEqual([]);
  });
});

describe('payload inspection', () => {
  it.each([
    ['an IDR slice', [0x65], nal.key | nal.slice],
    ['a P slice', [0x41], nal.slice],
    ['the start of a fragmented IDR', [0x7c, 0x85], nal.key | nal.slice],
    ['a STAP-A of SPS, PPS and IDR', [0x18, 0, 1, 0x67, 0, 1, 0x68, 0, 1, 0x65], nal.key | nal.slice | nal.parameters],
    ['a STAP-A cut short', [0x18, 0, 9, 0x67], nal.parameters],
    ['nothing', [], 0],
  ])('tells %s in H.264', (_title, bytes, flags) => {
    expect(inspectH264(Buffer.from(bytes))).toBe(flags);
  });

  it.each([
    ['an IDR slice', [0x26, 1], nal.key | nal.slice],
    ['a CRA in a fragment', [0x62, 1, 0x95], nal.key | nal.slice],
    ['a trailing picture', [0x02, 1], nal.slice],
    ['an aggregate of VPS and SPS', [0x60, 1, 0, 1, 0x40, 0, 1, 0x42], nal.parameters],
  ])('tells %s in H.265', (_title, bytes, flags) => {
    expect(inspectH265(Buffer.from(bytes))).toBe(flags);
  });

  it('finds the key in fragments of our own packetizer, whose payload is the unit bit by bit', () => {
    const unit = Buffer.concat([Buffer.from([0x65]), Buffer.alloc(5000, 7)]);
    const packets = packetizeH264([unit], { payloadType: 96, ssrc: 1, sequence: 65_535, timestamp: 5 });
    expect(packets.map((made) => made.readUInt16BE(2))).toEqual([65_535, 0, 1, 2]);
    const body = Buffer.concat(packets.map((made) => made.subarray(14)));
    expect(Buffer.concat([Buffer.from([(packets[0][12] & 0xe0) | (packets[0][13] & 0x1f)]), body])).toEqual(unit);
    expect(inspectH264(packets[0].subarray(12))).toBe(nal.key | nal.slice);
  });
});
