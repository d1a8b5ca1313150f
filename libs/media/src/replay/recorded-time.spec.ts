import { onvifTimeOf, RecordedTime } from './recorded-time.js';

const START = Date.UTC(2026, 0, 31, 12);

const packet = (atMs?: number): Buffer => {
  const header = Buffer.alloc(12);
  header[0] = atMs === undefined ? 0x80 : 0x90;
  if (atMs === undefined) return Buffer.concat([header, Buffer.from([1])]);
  const extension = Buffer.alloc(16);
  extension.writeUInt16BE(0xabac, 0);
  extension.writeUInt16BE(3, 2);
  extension.writeUInt32BE(Math.floor(atMs / 1000) + 2_208_988_800, 4);
  extension.writeUInt32BE(Math.round(((atMs % 1000) / 1000) * 2 ** 32), 8);
  return Buffer.concat([header, extension, Buffer.from([1])]);
};

describe('the time at which a unit was recorded', () => {
  it('is the one in the packet, and bridged by RTP where a packet has none', () => {
    const time = new RecordedTime(90_000, START);
    expect(time.of([packet(START + 40)], 1000)).toBeCloseTo(START + 40, 3);
    expect(time.of([packet()], 1000 + 3600)).toBeCloseTo(START + 80, 3);
    expect(time.of([packet(START + 30_000)], 1000 + 7200)).toBeCloseTo(START + 30_000, 3);
  });

  it('counts from the place that was asked for where a device tells none', () => {
    const time = new RecordedTime(8000, START);
    expect(time.of([packet()], 0xffff_ffff)).toBe(START);
    expect(time.of([packet()], 7999)).toBe(START + 1000);
  });

  it('is read out of whole packets alone', () => {
    const whole = packet(START);
    for (let length = 0; length < whole.length - 1; length++) {
      expect(() => onvifTimeOf(whole.subarray(0, length))).not.toThrow();
    }
  });
});
