import { BitReader } from './bit-reader.js';
import { box, u16, u8 } from './box.js';
import type { TrackFormat } from './track-format.js';
import { isPicture, visualEntry, type Picture } from './visual-entry.js';

const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Size and sample format of a sequence parameter set (H.264 section 7.3.2.1). */
export function readH264Sps(sps: Buffer): Picture {
  const reader = new BitReader(sps.subarray(1));
  const profile = reader.bits(8);
  reader.skip(16);
  reader.ue();
  let [chromaFormat, lumaDepth, chromaDepth] = [1, 8, 8];
  if (highProfiles.has(profile)) {
    chromaFormat = reader.ue();
    if (chromaFormat === 3) reader.skip(1);
    lumaDepth = 8 + reader.ue();
    chromaDepth = 8 + reader.ue();
    reader.skip(1);
    if (reader.flag()) skipScalingMatrix(reader, chromaFormat === 3 ? 12 : 8);
  }
  skipPictureOrder(reader);
  reader.ue();
  reader.skip(1);
  const widthUnits = reader.ue() + 1;
  const heightUnits = reader.ue() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.skip(1);
  reader.skip(1);
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const fields = framesOnly ? 1 : 2;
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * fields;
  return {
    width: widthUnits * 16 - (crop[0] + crop[1]) * cropX,
    height: heightUnits * 16 * fields - (crop[2] + crop[3]) * cropY,
    chromaFormat,
    lumaDepth,
    chromaDepth,
  };
}

function skipScalingMatrix(reader: BitReader, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (!reader.flag()) continue;
    let [last, next] = [8, 8];
    for (let n = 0; n < (list < 6 ? 16 : 64); n++) {
      if (next !== 0) next = (last + reader.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

function skipPictureOrder(reader: BitReader): void {
  reader.ue();
  const type = reader.ue();
  if (type === 0) reader.ue();
  if (type !== 1) return;
  reader.skip(1);
  reader.se();
  reader.se();
  const cycle = Math.min(reader.ue(), 255);
  for (let n = 0; n < cycle; n++) reader.se();
}

/** The `avc1` entry with its AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3). */
export function h264Format(spsList: readonly Buffer[], ppsList: readonly Buffer[]): TrackFormat | undefined {
  const [sps] = spsList;
  const picture = readH264Sps(sps);
  if (!isPicture(picture)) return undefined;
  const [profile, compatibility, level] = [sps[1], sps[2], sps[3]];
  const record = [u8(1, profile, compatibility, level, 0xff, 0xe0 | spsList.length)];
  for (const set of spsList) record.push(u16(set.length), set);
  record.push(u8(ppsList.length));
  for (const set of ppsList) record.push(u16(set.length), set);
  if ([100, 110, 122, 144].includes(profile)) {
    const { chromaFormat, lumaDepth, chromaDepth } = picture;
    record.push(u8(0xfc | chromaFormat, 0xf8 | (lumaDepth - 8), 0xf8 | (chromaDepth - 8), 0));
  }
  return {
    kind: 'video',
    codec: `avc1.${sps.toString('hex', 1, 4)}`,
    entry: visualEntry('avc1', picture, box('avcC', record)),
    width: picture.width,
    height: picture.height,
  };
}
