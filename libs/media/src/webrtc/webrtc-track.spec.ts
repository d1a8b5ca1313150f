import type { AccessUnit } from '../access-unit.js';
import { nalUnitsOf } from '../rtp/depacketizer.js';
import { splitH264 } from '../rtp/packetizer.js';
import { readRtp, writeRtp } from '../rtp/packet.js';
import type { Track } from '../stream-description.js';
import { maxWebRtcPayloadBytes } from './fragmenting.js';
import { WebRtcTrack } from './webrtc-track.js';

const track = (codec: string): Track => ({
  index: 0,
  kind: codec === 'H264' ? 'video' : 'audio',
  codec,
  payloadType: 96,
  clockRate: 90_000,
  control: '',
  parameterSets: [],
  lines: [],
});

const unitOf = (payloads: Buffer[], sequence: number, timestamp: number): AccessUnit => {
  const packets = payloads.map((payload, index) => {
    const fields = { payloadType: 96, ssrc: 1, timestamp, marker: index === payloads.length - 1 };
    return writeRtp({ ...fields, sequence: sequence + index }, payload);
  });
  const bytes = packets.reduce((sum, { length }) => sum + length, 0);
  return { track: 0, key: true, discontinuity: false, timestamp, captureUs: 0, packets, bytes };
};

const nalUnit = (type: number, bytes: number): Buffer =>
  Buffer.concat([Buffer.from([0x60 | type]), Buffer.alloc(bytes - 1, type)]);

describe('a track on its way to a WebRTC viewer', () => {
  let sent: Buffer[];
  const to = (codec: string): WebRtcTrack => {
    sent = [];
    return new WebRtcTrack(track(codec), { payloadType: 102, ssrc: 9, send: (packet) => void sent.push(packet) });
  };
  const payloads = (): Buffer[] =>
    sent.map((packet) => packet.subarray(readRtp(packet)!.payloadStart, readRtp(packet)!.payloadEnd));
  const numbers = (): number[] => sent.map((packet) => readRtp(packet)!.sequence);
  const markers = (): boolean[] => sent.map((packet) => readRtp(packet)!.marker);

  it('has packets that fit as they are', () => {
    const sender = to('H264');
    const given = [nalUnit(7, 20), nalUnit(5, maxWebRtcPayloadBytes)];
    sender.send(unitOf(given, 65_535, 0), undefined, 0);
    expect(payloads()).toEqual(given);
    expect(numbers()).toEqual([65_535, 0]);
    expect(markers()).toEqual([false, true]);
  });

  it.each([
    ['single NAL units', [nalUnit(7, 20), nalUnit(5, 9000)]],
    ['fragments', [nalUnit(7, 20), ...splitH264([nalUnit(5, 9000)], 1460).map((parts) => Buffer.concat(parts))]],
  ])('has too large %s cut anew into the same NAL units, numbered without a gap', (_name, given) => {
    const sender = to('H264');
    sender.send(unitOf([nalUnit(1, 50)], 9, 0), undefined, 0);
    sender.send(unitOf(given, 10, 3600), undefined, 0);
    sender.send(unitOf([nalUnit(1, 50)], 10 + given.length, 7200), undefined, 0);
    const all = payloads();
    expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(maxWebRtcPayloadBytes);
    expect(numbers()).toEqual(all.map((_, index) => 9 + index));
    expect(markers()).toEqual(all.map((_, index) => [0, all.length - 2, all.length - 1].includes(index)));
    const same = (one: Buffer[], other: Buffer[]): boolean => Buffer.concat(one).equals(Buffer.concat(other));
    const middle = nalUnitsOf('H264', all.slice(1, -1));
    expect(middle.map(({ length }) => length)).toEqual([20, 9000]);
    expect(same(middle, [nalUnit(7, 20), nalUnit(5, 9000)])).toBe(true);
  });

  it('shows a loss at the camera as a loss, also where packets are cut anew', () => {
    const sender = to('H264');
    const parts = splitH264([nalUnit(5, 9000)], 1460).map((part) => Buffer.concat(part));
    const unit = unitOf([nalUnit(7, 1300), ...parts], 0, 0);
    unit.packets.splice(3, 1);
    sender.send(unit, undefined, 0);
    const last = numbers().at(-1)!;
    sender.send(unitOf([nalUnit(1, 50)], parts.length + 1, 3600), undefined, 0);
    expect(numbers().at(-1)).toBe(last + 2);
    sender.send(unitOf([nalUnit(1, 50)], parts.length + 5, 7200), undefined, 0);
    expect(numbers().at(-1)).toBe(last + 6);
  });

  it('leaves sound as it is, and closes the numbers over what is left out', () => {
    const sender = to('PCMA');
    sender.send(unitOf([Buffer.alloc(1400)], 5, 0), undefined, 0);
    sender.leaveOut(unitOf([Buffer.alloc(160)], 6, 160));
    sender.send(unitOf([Buffer.alloc(160)], 7, 320), undefined, 0);
    expect(numbers()).toEqual([5, 6]);
    expect(payloads().map(({ length }) => length)).toEqual([1400, 160]);
  });
});
