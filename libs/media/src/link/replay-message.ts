import { MediaError } from '../errors.js';
import {
  answerFields,
  pickFields,
  requestFields,
  type ReplayAnswer,
  type ReplayRequest,
  type TrackStart,
} from '../replay/replay-source.js';
import { encodeFrame, frameType, lengthBytes, maxChunkBytes, type LinkFrame } from './frame.js';
import { parseObject } from './link-message.js';

/** A request and its answer carry the same number. */
interface Numbered {
  id: number;
}

const maxTracks = 16;
const maxReasonLength = 512;

export function encodeControl(message: (ReplayRequest | ReplayAnswer) & Numbered): Buffer {
  return encodeFrame({ type: frameType.CONTROL }, Buffer.from(JSON.stringify(message)));
}

/** Throws `link-malformed`; unknown header fields are left out. */
export function readControlRequest(payload: Buffer): ReplayRequest & Numbered {
  const { id, method, cseq, tracks, headers } = parseObject(payload);
  if (method !== 'PLAY' && method !== 'PAUSE') throw malformed('method');
  if (!Array.isArray(tracks) || tracks.length > maxTracks || !tracks.every(isSmall)) throw malformed('tracks');
  if (!isSmall(cseq)) throw malformed('cseq');
  return { id: numberOf(id), method, cseq, tracks, headers: fieldsOf(headers, requestFields) };
}

/** Throws `link-malformed`. */
export function readControlAnswer(payload: Buffer): ReplayAnswer & Numbered {
  const { id, status, reason, headers, starts } = parseObject(payload);
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 999)
    throw malformed('status');
  if (typeof reason !== 'string' || reason.length > maxReasonLength) throw malformed('reason');
  if (!Array.isArray(starts) || starts.length > maxTracks) throw malformed('starts');
  return { id: numberOf(id), status, reason, headers: fieldsOf(headers, answerFields), starts: starts.map(readStart) };
}

/** Packets of one track as one MEDIA frame; `packets` fit into it. */
export function encodePackets(track: number, packets: readonly Buffer[], frameSeq: number, captureUs: number): Buffer {
  const parts = packets.flatMap((packet) => [Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);
  return encodeFrame({ type: frameType.MEDIA, track, frameSeq, captureUs }, ...parts);
}

/** Bytes that a packet takes in a MEDIA frame. */
export const packetCost = (packet: Buffer): number => packet.length + 2;
export const maxPacketsBytes = maxChunkBytes - lengthBytes;

/** Throws `link-malformed`. */
export function readPackets({ payload }: LinkFrame): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < payload.length;) {
    const end = at + 2 <= payload.length ? at + 2 + payload.readUInt16BE(at) : Infinity;
    if (end > payload.length) throw malformed('payload');
    packets.push(payload.subarray(at + 2, end));
    at = end;
  }
  return packets;
}

function readStart(value: unknown): TrackStart {
  const { track, sequence, timestamp } = (value ?? {}) as Record<string, unknown>;
  if (!isSmall(track)) throw malformed('starts');
  return { track, sequence: optionalNumber(sequence), timestamp: optionalNumber(timestamp) };
}

function optionalNumber(value: unknown): number | undefined {
  return value === undefined ? undefined : numberOf(value);
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed('number');
  return value;
}

function isSmall(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 256;
}

function fieldsOf(value: unknown, names: readonly string[]): Record<string, string> {
  if (typeof value !== 'object' || value === null) throw malformed('headers');
  const fields = new Map<string, unknown>(Object.entries(value));
  return pickFields((name) => {
    const field = fields.get(name);
    return typeof field === 'string' ? field : undefined;
  }, names);
}

function malformed(what: string): MediaError {
  return new MediaError('link-malformed', `A control message with a bad '${what}'`);
}
