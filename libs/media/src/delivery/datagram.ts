import type { Socket } from 'node:dgram';
import type { AccessUnit } from '../access-unit.js';
import { rtpHeaderBytes } from '../rtp/packet.js';
import type { Transport } from '../rtsp/transport.js';
import type { Backlog, Delivery } from './delivery.js';
import { Pacer, type PacerOptions } from './pacer.js';

/** Sockets of one track, connected to the receiver, so that nobody else's packets come in and no address is looked up. */
export interface DatagramTrack {
  rtp: Socket;
  /** Sends one RTCP packet. */
  control(packet: Buffer): void;
  close(): void;
}

/** RTP in datagrams of its own (RFC 3550 section 11), paced. */
export class DatagramDelivery implements Delivery {
  readonly #tracks = new Map<number, DatagramTrack>();
  readonly #pacer: Pacer;
  #closed = false;

  constructor(
    readonly transport: Exclude<Transport, 'tcp'>,
    options: PacerOptions,
  ) {
    this.#pacer = new Pacer(options);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Gives a track its sockets; setting it up again replaces them. */
  add(index: number, track: DatagramTrack): void {
    this.#tracks.get(index)?.close();
    this.#tracks.set(index, track);
    if (this.#closed) this.close();
  }

  unit(unit: AccessUnit, missing: number, now: number): number {
    const track = this.#tracks.get(unit.track);
    if (!track) return 0;
    for (const packet of unit.packets) {
      const data = missing === 0 ? packet : [renumbered(packet, missing), packet.subarray(rtpHeaderBytes)];
      this.#pacer.push({ bytes: packet.length, send: () => this.#send(track, data) }, now);
    }
    return unit.bytes;
  }

  /** In line with the units, because a report must not overtake the packets before it. */
  control(index: number, packet: Buffer, now: number): number {
    const track = this.#tracks.get(index);
    if (!track) return 0;
    this.#pacer.push({ bytes: packet.length, send: () => track.control(packet) }, now);
    return packet.length;
  }

  /** Nothing here can stall: what the network does not take is lost. */
  backlog(now: number): Backlog {
    return { bytes: this.#pacer.bytes, ageMs: this.#pacer.ageMs(now), stalledMs: 0 };
  }

  close(): void {
    this.#closed = true;
    this.#pacer.close();
    for (const track of this.#tracks.values()) track.close();
    this.#tracks.clear();
  }

  /** The kernel's refusal (no buffer, nobody at the port) is a lost packet like any other on the way. */
  #send(track: DatagramTrack, data: Buffer | Buffer[]): void {
    track.rtp.send(data, () => undefined);
  }
}

function renumbered(packet: Buffer, missing: number): Buffer {
  const header = Buffer.from(packet.subarray(0, rtpHeaderBytes));
  header.writeUInt16BE((header.readUInt16BE(2) - missing) & 0xffff, 2);
  return header;
}
