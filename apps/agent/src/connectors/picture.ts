import type { Track } from '@app/media';
import { readH264Picture } from './h264-picture.js';
import { readH265Picture } from './h265-picture.js';
import type { Picture } from './picture-size.js';

const NOTHING: Picture = { width: null, height: null, frameRate: null };

/** Size and rate of a video track: from its sequence parameter set, else from `a=framerate` and `a=framesize` or `a=x-dimensions`. */
export const pictureOf = (track: Track): Picture => {
  const coded = codedPicture(track) ?? NOTHING;
  const announced = announcedPicture(track.lines);
  return {
    width: coded.width ?? announced.width,
    height: coded.height ?? announced.height,
    frameRate: announced.frameRate ?? coded.frameRate,
  };
};

const codedPicture = (track: Track): Picture | undefined => {
  for (const set of track.parameterSets) {
    const picture =
      track.codec === 'H264' ? readH264Picture(set) : track.codec === 'H265' ? readH265Picture(set) : undefined;
    if (picture !== undefined) return picture;
  }
  return undefined;
};

const announcedPicture = (lines: readonly string[]): Picture => {
  const value = (pattern: RegExp): RegExpExecArray | undefined =>
    lines.map((line) => pattern.exec(line)).find((match) => match !== null) ?? undefined;
  const size = value(/^a=(?:framesize:\d+ |x-dimensions:\s*)(\d{1,5})[-,\s]+(\d{1,5})/);
  const rate = value(/^a=framerate:\s*(\d+(?:\.\d+)?)/);
  return {
    width: size === undefined ? null : Number(size[1]),
    height: size === undefined ? null : Number(size[2]),
    frameRate: rate === undefined ? null : Number(rate[1]),
  };
};
