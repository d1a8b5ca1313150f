import { Assembler } from '../rtp/assembler.js';
import { readControlPackets, type ControlPacket } from '../rtp/control-packet.js';
import type { Track } from '../stream-description.js';
import { nowUs } from '../wall-clock.js';
import type { ReceptionListener } from './reception.js';

/** Makes units and reports of the packets of one track, which come in order. */
export class TrackReceiver {
  readonly #assembler: Assembler;

  constructor(
    readonly track: Track,
    readonly listener: ReceptionListener,
  ) {
    this.#assembler = new Assembler(track);
  }

  /** The packets before the next one are lost. */
  gap(): void {
    this.#assembler.gap();
  }

  media(packet: Buffer): void {
    for (const unit of this.#assembler.push(packet, nowUs())) this.listener.unit(unit);
  }

  /** @returns what the compound packet says */
  control(data: Buffer): ControlPacket[] {
    const packets = readControlPackets(data);
    for (const packet of packets) {
      if (packet.kind === 'sender-report') {
        this.listener.report({ track: this.track.index, ntp: packet.ntp, timestamp: packet.timestamp });
      } else if (packet.kind === 'bye') this.listener.bye();
    }
    return packets;
  }
}
