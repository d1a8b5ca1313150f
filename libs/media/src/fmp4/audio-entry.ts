import { box, u16, u32, zeros } from './box.js';

/** An audio sample entry (ISO/IEC 14496-12 section 12.2.3) with its codec's own box, where it has one. */
export function audioEntry(type: string, channels: number, rate: number, ...codec: Buffer[]): Buffer {
  return box(type, zeros(6), u16(1), zeros(8), u16(channels, 16, 0, 0), u32((rate & 0xffff) * 65_536), ...codec);
}
