import { distance, readRtp } from '../rtp/packet.js';

const onvifProfile = 0xabac;
const secondsFrom1900To1970 = 2_208_988_800;

/** The absolute time in a packet's replay extension (ONVIF Streaming section 6.3), in milliseconds since 1970. */
export function onvifTimeOf(packet: Buffer): number | undefined {
  const isExtended = readRtp(packet) !== undefined && (packet[0] & 0x10) !== 0;
  if (!isExtended) return undefined;
  const at = 12 + (packet[0] & 0x0f) * 4;
  if (packet.readUInt16BE(at) !== onvifProfile || packet.readUInt16BE(at + 2) < 2) return undefined;
  const seconds = packet.readUInt32BE(at + 4) - secondsFrom1900To1970;
  return seconds * 1000 + (packet.readUInt32BE(at + 8) / 2 ** 32) * 1000;
}

/**
 * When the units of one track were recorded. RTP's own time leaves gaps out, so it only bridges units without an
 * absolute time; a device that tells none at all counts from where it was asked to begin.
 */
export class RecordedTime {
  #known: { atMs: number; timestamp: number } | undefined;

  constructor(
    readonly clockRate: number,
    readonly fromMs: number,
  ) {}

  /** Milliseconds since 1970. */
  of(packets: readonly Buffer[], timestamp: number): number {
    const told = packets.length > 0 ? onvifTimeOf(packets[0]) : undefined;
    if (told !== undefined) this.#known = { atMs: told, timestamp };
    this.#known ??= { atMs: this.fromMs, timestamp };
    return this.#known.atMs + (distance(this.#known.timestamp, timestamp, 32) / this.clockRate) * 1000;
  }
}
