import { BitReader } from './bit-reader.js';
import { isPictureSize, type Picture } from './picture-size.js';

const SPS = 33;
/** General profile, tier, compatibility and constraint flags before the level (H.265 7.3.3). */
const PROFILE_BITS = 88;
const LEVEL_BITS = 8;

/** Reads the picture size of a sequence parameter set (H.265 7.3.2.2.1); its rate comes from the SDP. Undefined for another NAL unit. */
export const readH265Picture = (unit: Buffer): Picture | undefined => {
  if ((((unit[0] ?? 0) >> 1) & 0x3f) !== SPS) return undefined;
  const reader = new BitReader(unit.subarray(2));
  reader.skip(4);
  const subLayers = reader.bits(3);
  reader.flag();
  skipProfile(reader, subLayers);
  reader.unsigned(); // id
  const chroma = reader.unsigned();
  if (chroma === 3) reader.flag();
  let width = reader.unsigned();
  let height = reader.unsigned();
  if (reader.flag()) {
    const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
    const unitY = chroma === 1 ? 2 : 1;
    width -= (reader.unsigned() + reader.unsigned()) * unitX;
    height -= (reader.unsigned() + reader.unsigned()) * unitY;
  }
  return reader.isOver || !isPictureSize(width, height) ? undefined : { width, height, frameRate: null };
};

const skipProfile = (reader: BitReader, subLayers: number): void => {
  reader.skip(PROFILE_BITS + LEVEL_BITS);
  const present = Array.from({ length: subLayers }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (subLayers > 0) reader.skip((8 - subLayers) * 2);
  for (const layer of present) reader.skip((layer.profile ? PROFILE_BITS : 0) + (layer.level ? LEVEL_BITS : 0));
};
