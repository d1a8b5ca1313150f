import { BitReader } from './bit-reader.js';
import { box, u16, u8 } from './box.js';
import type { TrackFormat } from './track-format.js';
import { isPicture, visualEntry, type Picture } from './visual-entry.js';

interface H265Sequence extends Picture {
  /** The twelve bytes general_profile_space … general_level_idc. */
  profileTierLevel: Buffer;
  subLayers: number;
  nested: boolean;
}

/** What a decoder configuration needs of a sequence parameter set (H.265 section 7.3.2.2). */
export function readH265Sps(sps: Buffer): H265Sequence {
  const reader = new BitReader(sps);
  reader.skip(16 + 4);
  const subLayers = reader.bits(3) + 1;
  const nested = reader.flag();
  const profileTierLevel = reader.bytes(3, 15);
  reader.skip(96);
  skipSubLayers(reader, subLayers - 1);
  reader.ue();
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.skip(1);
  const [codedWidth, codedHeight] = [reader.ue(), reader.ue()];
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = chromaFormat === 1 ? 2 : 1;
  return {
    profileTierLevel,
    subLayers,
    nested,
    chromaFormat,
    width: codedWidth - (crop[0] + crop[1]) * cropX,
    height: codedHeight - (crop[2] + crop[3]) * cropY,
    lumaDepth: 8 + reader.ue(),
    chromaDepth: 8 + reader.ue(),
  };
}

function skipSubLayers(reader: BitReader, count: number): void {
  if (count === 0) return;
  const present = Array.from({ length: count }, () => ({ profile: reader.flag(), level: reader.flag() }));
  reader.skip((8 - count) * 2);
  for (const { profile, level } of present) reader.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

/** The `hvc1` entry with its HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 8.3.3). */
export function h265Format(
  vpsList: readonly Buffer[],
  spsList: readonly Buffer[],
  ppsList: readonly Buffer[],
): TrackFormat | undefined {
  const sequence = readH265Sps(spsList[0]);
  if (!isPicture(sequence)) return undefined;
  const { profileTierLevel, chromaFormat, lumaDepth, chromaDepth, subLayers, nested } = sequence;
  const record = [u8(1), profileTierLevel, u16(0xf000), u8(0xfc, 0xfc | chromaFormat, 0xf8 | (lumaDepth - 8))];
  record.push(u8(0xf8 | (chromaDepth - 8)), u16(0), u8((subLayers << 3) | (nested ? 4 : 0) | 3, 3));
  for (const [type, sets] of [
    [32, vpsList],
    [33, spsList],
    [34, ppsList],
  ] as const) {
    record.push(u8(0x80 | type), u16(sets.length));
    for (const set of sets) record.push(u16(set.length), set);
  }
  return {
    kind: 'video',
    codec: codecString(profileTierLevel),
    entry: visualEntry('hvc1', sequence, box('hvcC', record)),
    width: sequence.width,
    height: sequence.height,
  };
}

/** ISO/IEC 14496-15 annex E.3. */
function codecString(profileTierLevel: Buffer): string {
  const first = profileTierLevel[0];
  const space = ['', 'A', 'B', 'C'][first >> 6];
  let [flags, reversed] = [profileTierLevel.readUInt32BE(1), 0];
  for (let n = 0; n < 32; n++) {
    reversed = reversed * 2 + (flags & 1);
    flags >>>= 1;
  }
  let constraints = [...profileTierLevel.subarray(5, 11)];
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints = constraints.slice(0, -1);
  const tail = constraints.map((byte) => `.${byte.toString(16).toUpperCase()}`).join('');
  const tier = first & 0x20 ? 'H' : 'L';
  return `hvc1.${space}${first & 0x1f}.${reversed.toString(16).toUpperCase()}.${tier}${profileTierLevel[11]}${tail}`;
}
