import { box, fullBox, u16, u32, zeros } from './box.js';
import type { TrackFormat } from './track-format.js';

export interface InitTrack {
  /** From 1. */
  id: number;
  timescale: number;
  format: TrackFormat;
  /** Ticks by which decoding begins before presentation: an edit list takes them off. */
  delay?: number;
}

export interface InitSegment {
  /** For `MediaSource.addSourceBuffer`. */
  mime: string;
  /** The `codecs` parameter alone. */
  codecs: string;
  width: number;
  height: number;
  data: Buffer;
}

/** From 1904, where the format's times begin, to 1970. */
const secondsFrom1904To1970 = 2_082_844_800;

const unity = [u32(0x10000, 0, 0), u32(0, 0x10000, 0), u32(0, 0, 0x40000000)];

/**
 * `ftyp` and `moov` of a fragmented file (ISO/IEC 14496-12 section 8.2).
 * @param createdMs since 1970; without it the file does not say
 */
export function initSegment(tracks: readonly InitTrack[], createdMs?: number): InitSegment {
  const created = createdMs === undefined ? 0 : Math.floor(createdMs / 1000) + secondsFrom1904To1970;
  const header = fullBox(
    'mvhd',
    0,
    0,
    u32(created, created, 1000, 0, 0x10000),
    u16(0x0100),
    zeros(10),
    ...unity,
    zeros(24),
    u32(tracks.length + 1),
  );
  const extensions = tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0)));
  const data = Buffer.concat([
    box('ftyp', Buffer.from('iso6'), u32(1), Buffer.from('iso6cmfcmp41')),
    box(
      'moov',
      header,
      tracks.map((track) => trackBox(track, created)),
      box('mvex', extensions),
    ),
  ]);
  const codecs = tracks.map(({ format }) => format.codec).join(',');
  const video = tracks.find(({ format }) => format.kind === 'video')?.format;
  return {
    mime: `${video ? 'video' : 'audio'}/mp4; codecs="${codecs}"`,
    codecs,
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    data,
  };
}

function trackBox({ id, timescale, format, delay = 0 }: InitTrack, created: number): Buffer {
  const isVideo = format.kind === 'video';
  const size = u32(format.width * 65_536, format.height * 65_536);
  const volume = u16(0, 0, isVideo ? 0 : 0x0100, 0);
  const enabledInMovie = 3;
  const header = fullBox('tkhd', 0, enabledInMovie, u32(created, created, id, 0, 0), zeros(8), volume, ...unity, size);
  const undetermined = 0x55c4;
  const media = fullBox('mdhd', 0, 0, u32(created, created, timescale, 0), u16(undetermined, 0));
  const handler = fullBox(
    'hdlr',
    0,
    0,
    u32(0),
    Buffer.from(isVideo ? 'vide' : 'soun'),
    zeros(12),
    Buffer.from('Adit\0'),
  );
  const kindHeader = isVideo ? fullBox('vmhd', 0, 1, zeros(8)) : fullBox('smhd', 0, 0, zeros(4));
  const data = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const empty = ['stts', 'stsc', 'stco'].map((type) => fullBox(type, 0, 0, u32(0)));
  const samples = box('stbl', fullBox('stsd', 0, 0, u32(1), format.entry), empty, fullBox('stsz', 0, 0, u32(0, 0)));
  // One edit without an end of its own, as a file needs that is written as it grows.
  const edits = delay > 0 ? [box('edts', fullBox('elst', 0, 0, u32(1, 0, delay), u16(1, 0)))] : [];
  return box('trak', header, edits, box('mdia', media, handler, box('minf', kindHeader, data, samples)));
}
