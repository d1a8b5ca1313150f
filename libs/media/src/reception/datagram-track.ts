import { randomInt } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import type { UdpPair } from '../delivery/udp-ports.js';
import { writeReceiverReport } from '../rtp/control-packet.js';
import { readRtp, writeRtp } from '../rtp/packet.js';
import { ReceptionReport } from '../rtp/reception-report.js';
import { ReorderBuffer } from '../rtp/reorder-buffer.js';
import type { Track } from '../stream-description.js';
import type { ReceptionListener, ReceptionStats } from './reception.js';
import { TrackReceiver } from './track-receiver.js';

/** Where the camera sends from; ports only as far as it named them. */
export interface DatagramSender {
  address: string;
  rtp: number | undefined;
  rtcp: number | undefined;
}

/** RFC 3550 section 6.2: the least interval between reports. */
const reportMs = 5000;
/** A keyframe comes as one burst of some hundred kilobytes; the kernel gives what its limit allows. */
const receiveBufferBytes = 2 << 20;

/** One track of a camera that comes as datagrams: order, loss, receiver reports. */
export class DatagramTrack {
  readonly #receiver: TrackReceiver;
  readonly #order: ReorderBuffer;
  readonly #report: ReceptionReport;
  readonly #ssrc = randomInt(2 ** 32);
  readonly #address: string;
  #controlPort: number | undefined;
  #packets = 0;
  #timer: NodeJS.Timeout | undefined;
  lastPacketAt: number | undefined;

  constructor(
    readonly track: Track,
    readonly pair: UdpPair,
    readonly sender: DatagramSender,
    listener: ReceptionListener,
  ) {
    this.#receiver = new TrackReceiver(track, listener);
    this.#report = new ReceptionReport(track.clockRate);
    this.#address = plainAddress(sender.address);
    this.#controlPort = sender.rtcp;
    this.#order = new ReorderBuffer((packet, isGap) => {
      if (isGap) this.#receiver.gap();
      this.#receiver.media(packet);
    });
    enlarge(pair.rtp);
    pair.rtp.on('message', (packet, from) => this.#media(packet, from));
    pair.rtcp.on('message', (packet, from) => this.#control(packet, from));
  }

  get stats(): ReceptionStats {
    const { lost, late } = this.#order;
    return { transport: 'udp', packets: this.#packets, lost, late, jitterMs: this.#report.jitterMs };
  }

  /** Sends one packet on each port, so that a firewall in between expects the answers, and reports from then on. */
  begin(): void {
    const { rtp, address } = this.sender;
    const fields = { marker: false, payloadType: this.track.payloadType, sequence: 0, timestamp: 0, ssrc: this.#ssrc };
    if (rtp !== undefined) this.pair.rtp.send(writeRtp(fields), rtp, address, () => undefined);
    this.#tell();
    this.#timer = setInterval(() => this.#tell(), reportMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#order.close();
    for (const socket of [this.pair.rtp, this.pair.rtcp]) {
      socket.removeAllListeners('message');
      socket.close();
    }
  }

  #media(packet: Buffer, from: RemoteInfo): void {
    if (plainAddress(from.address) !== this.#address) return;
    const header = readRtp(packet);
    if (header?.payloadType !== this.track.payloadType) return;
    this.#packets++;
    this.lastPacketAt = performance.now();
    this.#report.see(header, this.lastPacketAt);
    this.#order.push(packet, header);
  }

  #control(packet: Buffer, from: RemoteInfo): void {
    if (plainAddress(from.address) !== this.#address) return;
    // A camera that named no port is answered where it sends from.
    this.#controlPort ??= from.port;
    for (const part of this.#receiver.control(packet)) {
      if (part.kind === 'sender-report') this.#report.seeReport(part.ntp, performance.now());
    }
  }

  #tell(): void {
    if (this.#controlPort === undefined) return;
    const packet = writeReceiverReport(this.#ssrc, this.#report.next(performance.now()));
    this.pair.rtcp.send(packet, this.#controlPort, this.sender.address, () => undefined);
  }
}

/** Without a zone, and an IPv4 address that came in as IPv6 as what it is. */
function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:/i, '');
}

function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
  } catch {
    // The kernel's own size serves too: a burst may lose more.
  }
}
