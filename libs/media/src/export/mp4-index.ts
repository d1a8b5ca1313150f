import { box, fullBox, u32, u8 } from '../fmp4/box.js';

const captureTime = 24;

const u64 = (...values: (number | bigint)[]): Buffer => {
  const data = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => data.writeBigUInt64BE(BigInt(value), index * 8));
  return data;
};

/**
 * `prft` (ISO/IEC 14496-12 section 8.16.5): when the first picture of the fragment after it was recorded.
 * @param ntp 32.32 fixed point. @param mediaTime ticks of the track
 */
export const referenceTime = (trackId: number, ntp: bigint, mediaTime: number): Buffer =>
  fullBox('prft', 1, captureTime, u32(trackId), u64(ntp, mediaTime));

/** The index at the end of a fragmented file, `mfra` (section 8.8.9): a file without it was cut short. */
export class FragmentIndex {
  readonly #entries: Buffer[] = [];

  constructor(readonly trackId: number) {}

  /** @param time ticks. @param offset of the `moof` in the file. @param position of the track among its fragments, from 1 */
  add(time: number, offset: number, position: number): void {
    this.#entries.push(u64(time, offset), u8(position, 1, 1));
  }

  get data(): Buffer {
    const table = fullBox('tfra', 1, 0, u32(this.trackId, 0, this.#entries.length / 2), ...this.#entries);
    const footerBytes = 16;
    return box('mfra', table, fullBox('mfro', 0, 0, u32(8 + table.length + footerBytes)));
  }
}
