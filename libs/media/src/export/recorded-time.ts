import type { AccessUnit, SenderReport } from '../access-unit.js';
import { ntpOfTimestamp } from '../hub/timeline.js';
import { readReplayExtension } from '../replay/replay-extension.js';
import { readControlPackets } from '../rtp/control-packet.js';
import { msOfNtp, ntpOfUs } from '../wall-clock.js';

/** When the units of one track were recorded: by their own extension, else by the device's sender reports. */
export class RecordedTime {
  #reference: SenderReport | undefined;

  constructor(
    readonly track: number,
    readonly clockRate: number,
  ) {}

  /** Takes the sender report of a compound RTCP packet. */
  report(packet: Buffer): void {
    for (const one of readControlPackets(packet)) {
      if (one.kind === 'sender-report') this.#refer(one.ntp, one.timestamp);
    }
  }

  /** @param assumedMs for a device that tells no time at all */
  of(unit: AccessUnit, assumedMs: number): { recordedMs: number; discontinuity: boolean } {
    const told = unit.packets.map(readReplayExtension).find((extension) => extension !== undefined);
    if (told) {
      this.#refer(ntpOfUs(Math.round(told.recordedMs * 1000)), unit.timestamp);
      return told;
    }
    if (!this.#reference) this.#refer(ntpOfUs(Math.round(assumedMs * 1000)), unit.timestamp);
    const recordedMs = msOfNtp(ntpOfTimestamp(this.#reference!, unit.timestamp, this.clockRate));
    return { recordedMs, discontinuity: unit.discontinuity };
  }

  #refer(ntp: bigint, timestamp: number): void {
    this.#reference = { track: this.track, ntp, timestamp };
  }
}
