import type { Frame } from './ffmpeg.js';

/**
 * Whether `part` is a run of consecutive frames of `whole`: the same access units in the same order, none missing between them.
 * Each player's first and last frame are left out, because a demuxer may hand over a cut one.
 */
export const isRunOf = (part: readonly Frame[], whole: readonly Frame[]): boolean => {
  const wanted = part.slice(1, -1).map((frame) => frame.md5);
  const hashes = whole.map((frame) => frame.md5);
  if (wanted.length === 0) return false;
  for (let start = hashes.indexOf(wanted[0] ?? ''); start !== -1; start = hashes.indexOf(wanted[0] ?? '', start + 1)) {
    if (wanted.every((hash, index) => hashes[start + index] === hash)) return true;
  }
  return false;
};
