import { msOfNtp } from '../wall-clock.js';

/** What a recording device writes into the header extension of its packets (ONVIF Streaming Specification section 6.3). */
export interface ReplayExtension {
  /** When the picture or sound was recorded, milliseconds since 1970. */
  recordedMs: number;
  /** What came before it in the stream was not recorded right before it (D). */
  discontinuity: boolean;
}

const profile = 0xabac;
const extensionBytes = 12;

/** Undefined for a packet that has no such extension, or one that is cut short. */
export function readReplayExtension(packet: Buffer): ReplayExtension | undefined {
  if (packet.length < 12 || (packet[0] & 0x10) === 0) return undefined;
  const start = 12 + (packet[0] & 0x0f) * 4;
  if (packet.length < start + 4 + extensionBytes) return undefined;
  if (packet.readUInt16BE(start) !== profile || packet.readUInt16BE(start + 2) * 4 < extensionBytes) return undefined;
  const recordedMs = msOfNtp(packet.readBigUInt64BE(start + 4));
  return { recordedMs, discontinuity: (packet[start + 12] & 0x20) !== 0 };
}
