import { BitReader } from './bit-reader.js';
import { isPictureSize, type Picture } from './picture-size.js';

const SPS = 7;
/** Profiles whose parameter sets carry chroma format and scaling lists (H.264 7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Reads a sequence parameter set (H.264 7.3.2.1.1 and E.1.1); undefined for another or a broken NAL unit. */
export const readH264Picture = (unit: Buffer): Picture | undefined => {
  if (((unit[0] ?? 0) & 0x1f) !== SPS) return undefined;
  const reader = new BitReader(unit.subarray(1));
  const chroma = readProfile(reader);
  reader.unsigned(); // log2_max_frame_num
  readOrderCount(reader);
  reader.unsigned(); // max_num_ref_frames
  reader.flag();
  const widthInBlocks = reader.unsigned() + 1;
  const heightInUnits = reader.unsigned() + 1;
  const frames = reader.flag();
  if (!frames) reader.flag();
  reader.flag();
  const fields = frames ? 1 : 2;
  const crop = readCrop(reader, chroma, fields);
  const frameRate = reader.flag() ? readRate(reader) : null;
  const width = widthInBlocks * 16 - crop.width;
  const height = heightInUnits * 16 * fields - crop.height;
  return reader.isOver || !isPictureSize(width, height) ? undefined : { width, height, frameRate };
};

/** @returns chroma_format_idc, 1 (4:2:0) when the profile has none */
const readProfile = (reader: BitReader): number => {
  const profile = reader.bits(8);
  reader.skip(16);
  reader.unsigned(); // id
  if (!HIGH_PROFILES.has(profile)) return 1;
  const chroma = reader.unsigned();
  if (chroma === 3) reader.flag();
  reader.unsigned();
  reader.unsigned();
  reader.flag();
  if (reader.flag()) for (let i = 0; i < (chroma === 3 ? 12 : 8); i++) if (reader.flag()) skipScalingList(reader, i);
  return chroma;
};

const skipScalingList = (reader: BitReader, index: number): void => {
  let next = 8;
  for (let i = 0, last = 8; i < (index < 6 ? 16 : 64); i++) {
    if (next !== 0) next = (last + reader.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
};

const readOrderCount = (reader: BitReader): void => {
  const type = reader.unsigned();
  if (type === 0) reader.unsigned();
  if (type !== 1) return;
  reader.flag();
  reader.signed();
  reader.signed();
  for (let i = Math.min(reader.unsigned(), 255); i > 0; i--) reader.signed();
};

const readCrop = (reader: BitReader, chroma: number, fields: number): { width: number; height: number } => {
  if (!reader.flag()) return { width: 0, height: 0 };
  const [left, right, top, bottom] = [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * fields;
  return { width: (left + right) * unitX, height: (top + bottom) * unitY };
};

const EXTENDED_ASPECT = 255;

const readRate = (reader: BitReader): number | null => {
  if (reader.flag() && reader.bits(8) === EXTENDED_ASPECT) reader.skip(32);
  if (reader.flag()) reader.flag();
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.unsigned();
    reader.unsigned();
  }
  if (!reader.flag()) return null;
  const unitsPerTick = reader.bits(32);
  const scale = reader.bits(32);
  // A tick is a field: two of them make a frame (E.2.1).
  return unitsPerTick === 0 ? null : Math.round((scale / unitsPerTick / 2) * 1_000) / 1_000;
};
