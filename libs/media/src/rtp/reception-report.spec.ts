import { readControlPackets, writeReceiverReport } from './control-packet.js';
import { ReceptionReport } from './reception-report.js';

const packet = (sequence: number, timestamp = 0): { ssrc: number; sequence: number; timestamp: number } => ({
  ssrc: 7,
  sequence,
  timestamp,
});

describe('ReceptionReport', () => {
  it('tells the loss since the report before and in all, across the end of the numbers', () => {
    const report = new ReceptionReport(90_000);
    expect(report.next(0)).toBeUndefined();
    for (const sequence of [65_534, 65_535, 1, 3]) report.see(packet(sequence), 0);
    expect(report.next(0)).toMatchObject({ ssrc: 7, lossFraction: 2 / 6, lost: 2, highestSequence: 65_536 + 3 });
    for (const sequence of [4, 5]) report.see(packet(sequence), 0);
    expect(report.next(0)).toMatchObject({ lossFraction: 0, lost: 2 });
  });

  it('measures jitter in the clock of the track and the delay since the last sender report', () => {
    const report = new ReceptionReport(90_000);
    for (let index = 0; index < 200; index++) {
      report.see(packet(index, index * 3600), index * 40 + (index % 2) * 10);
    }
    expect(report.jitterMs).toBeGreaterThan(9);
    expect(report.jitterMs).toBeLessThan(11);
    report.seeReport(0x1111_2222_3333_4444n, 1000);
    expect(report.next(1500)).toMatchObject({ lastReport: 0x2222_3333, delayMs: 500 });
  });

  it('begins anew with another source', () => {
    const report = new ReceptionReport(8000);
    report.see(packet(10), 0);
    report.see({ ...packet(500), ssrc: 8 }, 0);
    expect(report.next(0)).toMatchObject({ ssrc: 8, lost: 0, highestSequence: 500 });
  });
});

describe('writeReceiverReport', () => {
  const block = {
    ssrc: 7,
    lossFraction: 0.25,
    lost: 3,
    highestSequence: 99,
    jitter: 12.4,
    lastReport: 5,
    delayMs: 500,
  };

  it('writes a compound packet that reads back', () => {
    const data = writeReceiverReport(1, block);
    expect(data).toHaveLength(48);
    expect(readControlPackets(data)).toEqual([
      { kind: 'receiver-report', report: { highestSequence: 99, lossFraction: 0.25 } },
    ]);
    expect([data.readIntBE(13, 3), data.readUInt32BE(20), data.readUInt32BE(28)]).toEqual([3, 12, 32_768]);
  });

  it('keeps to its fields whatever is counted', () => {
    const data = writeReceiverReport(1, { ...block, lost: -(2 ** 40), lossFraction: 1, highestSequence: 2 ** 33 });
    expect([data.readIntBE(13, 3), data[12]]).toEqual([-0x80_0000, 255]);
    expect(readControlPackets(writeReceiverReport(1))).toEqual([{ kind: 'receiver-report', report: undefined }]);
  });
});
