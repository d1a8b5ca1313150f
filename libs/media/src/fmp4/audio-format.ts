import type { Track } from '../stream-description.js';
import { audioEntry } from './audio-entry.js';
import { box, fullBox, u16, u32, u8, zeros } from './box.js';
import type { TrackFormat } from './track-format.js';

/** A frame of sound: `ticks` of the track's clock. */
export interface AudioFrame {
  data: Buffer;
  ticks: number;
}

export interface AudioTrackFormat extends TrackFormat {
  /** Cuts an RTP payload into frames; what is cut short is left out. */
  framesOf(payload: Buffer): AudioFrame[];
}

/** AAC and Opus; undefined for what browsers do not take in MP4, such as G.711. */
export function audioFormat(track: Track): AudioTrackFormat | undefined {
  if (track.codec === 'OPUS') return opusFormat();
  return track.codec === 'MPEG4-GENERIC' ? aacFormat(track) : undefined;
}

const aacFrameTicks = 1024;
const maxConfigBytes = 64;

/** AAC-hbr of RFC 3640: 13 bits of size and 3 of index for each frame. */
function aacFormat(track: Track): AudioTrackFormat | undefined {
  const format = track.lines.find((line) => line.startsWith('a=fmtp:')) ?? '';
  const config = Buffer.from(/[\s;]config=([0-9a-f]+)/i.exec(format)?.[1] ?? '', 'hex');
  const isHighRate = /[\s;]sizelength=13\b/i.test(format);
  if (config.length < 2 || config.length > maxConfigBytes || !isHighRate) return undefined;
  const objectType = config[0] >> 3;
  const channels = (config[1] >> 3) & 0x0f;
  const decoder = descriptor(4, u8(0x40, 0x15), zeros(11), descriptor(5, config));
  const stream = descriptor(3, u16(0), u8(0), decoder, descriptor(6, u8(2)));
  return {
    kind: 'audio',
    codec: `mp4a.40.${objectType}`,
    entry: audioEntry('mp4a', channels, track.clockRate, fullBox('esds', 0, 0, stream)),
    width: 0,
    height: 0,
    framesOf: aacFrames,
  };
}

/** ISO/IEC 14496-1 section 8.3.3; all of ours are shorter than 128 bytes. */
function descriptor(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u8(tag, body.length), body]);
}

function aacFrames(payload: Buffer): AudioFrame[] {
  if (payload.length < 4) return [];
  const headersEnd = 2 + (payload.readUInt16BE(0) >> 3);
  const frames: AudioFrame[] = [];
  let start = headersEnd;
  for (let at = 2; at + 2 <= Math.min(headersEnd, payload.length); at += 2) {
    const end = start + (payload.readUInt16BE(at) >> 3);
    if (end > payload.length) break;
    frames.push({ data: payload.subarray(start, end), ticks: aacFrameTicks });
    start = end;
  }
  return frames;
}

/** Encapsulation of Opus in ISO base media files, section 4.3.2; RTP's clock is 48 kHz (RFC 7587). */
function opusFormat(): AudioTrackFormat {
  const specific = Buffer.concat([u8(0, 2), u16(0), u32(48_000), u16(0), u8(0)]);
  return {
    kind: 'audio',
    codec: 'opus',
    entry: audioEntry('Opus', 2, 48_000, box('dOps', specific)),
    width: 0,
    height: 0,
    framesOf: (payload) => (payload.length > 0 ? [{ data: payload, ticks: opusTicks(payload) }] : []),
  };
}

/** Length of an Opus packet from its table-of-contents byte (RFC 6716 section 3.1). */
function opusTicks(payload: Buffer): number {
  const config = payload[0] >> 3;
  const long = [480, 960, 1920, 2880];
  const ticks = config < 12 ? long[config & 3] : config < 16 ? long[config & 1] : [120, 240, 480, 960][config & 3];
  const count = [1, 2, 2, (payload[1] ?? 1) & 0x3f][payload[0] & 3];
  return ticks * Math.max(1, count);
}
