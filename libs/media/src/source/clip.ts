import { MediaError } from '../errors.js';
import { h264 } from '../rtp/nal-unit.js';

/** A pre-encoded H.264 clip, cut into access units of NAL units without start codes. */
export interface Clip {
  frames: ClipFrame[];
  sps: Buffer;
  pps: Buffer;
}

export interface ClipFrame {
  key: boolean;
  units: Buffer[];
}

/** NAL units of an Annex B byte stream (H.264 annex B), views of `data`. */
export function splitAnnexB(data: Buffer): Buffer[] {
  const units: Buffer[] = [];
  const startCode = Buffer.from([0, 0, 1]);
  let start = data.indexOf(startCode);
  while (start >= 0) {
    const next = data.indexOf(startCode, start + 3);
    let end = next < 0 ? data.length : next;
    while (end > start + 3 && data[end - 1] === 0) end--;
    if (end > start + 3) units.push(data.subarray(start + 3, end));
    start = next;
  }
  return units;
}

/** Reads a clip; it must begin with a keyframe, because it is played again and again. */
export function parseClip(data: Buffer): Clip {
  const units = splitAnnexB(data);
  const frames: ClipFrame[] = [];
  let current: ClipFrame = { key: false, units: [] };
  let hasSlice = false;
  for (const unit of units) {
    const type = h264.typeOf(unit);
    const slice = type >= 1 && type <= 5;
    // The first bit of a slice header is set when first_mb_in_slice is 0.
    const begins = slice ? (unit[1] & 0x80) !== 0 : type >= 6 && type <= h264.aud;
    if (hasSlice && begins) {
      frames.push(current);
      current = { key: false, units: [] };
      hasSlice = false;
    }
    current.units.push(unit);
    current.key ||= type === h264.idr;
    hasSlice ||= slice;
  }
  if (hasSlice) frames.push(current);
  const sps = units.find((unit) => h264.typeOf(unit) === h264.sps);
  const pps = units.find((unit) => h264.typeOf(unit) === h264.pps);
  if (!frames[0]?.key || !sps || !pps)
    throw new MediaError('clip-malformed', 'The clip does not begin with parameter sets and an IDR frame');
  return { frames, sps, pps };
}
