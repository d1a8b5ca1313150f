import type { UdpPair, UdpPorts } from '../delivery/udp-ports.js';
import { MediaError } from '../errors.js';
import { grantedPorts } from '../rtsp/transport.js';
import type { Track } from '../stream-description.js';
import { DatagramTrack } from './datagram-track.js';
import type { Reception, ReceptionListener, ReceptionStats } from './reception.js';

export interface DatagramEnds {
  /** Address of this machine that the camera knows from its RTSP connection. */
  local: string;
  /** Address of the camera: packets from any other are left out. */
  remote: string;
}

/** RTP and RTCP as datagrams to a pair of ports for each track (RFC 3550, RFC 2326 section 12.39). */
export class DatagramReception implements Reception {
  readonly #tracks: DatagramTrack[] = [];
  #offered: UdpPair | undefined;
  #isClosed = false;

  constructor(
    readonly ports: UdpPorts,
    readonly ends: DatagramEnds,
    readonly listener: ReceptionListener,
  ) {}

  get stats(): ReceptionStats {
    const all = this.#tracks.map((track) => track.stats);
    const sum = (of: (stats: ReceptionStats) => number): number => all.reduce((total, one) => total + of(one), 0);
    return {
      transport: 'udp',
      packets: sum(({ packets }) => packets),
      lost: sum(({ lost }) => lost),
      late: sum(({ late }) => late),
      jitterMs: Math.max(0, ...all.map(({ jitterMs }) => jitterMs)),
    };
  }

  get lastPacketAt(): number | undefined {
    const moments = this.#tracks.map((track) => track.lastPacketAt).filter((moment) => moment !== undefined);
    return moments.length === 0 ? undefined : Math.max(...moments);
  }

  async offer(): Promise<string> {
    const pair = await this.ports.bind(this.ends.local);
    if (this.#isClosed) {
      closePair(pair);
      throw new MediaError('camera-closed', 'Closed while opening');
    }
    this.#offered = pair;
    return `RTP/AVP;unicast;client_port=${pair.port}-${pair.port + 1}`;
  }

  accept(track: Track, granted: string | undefined): void {
    const from = granted === undefined ? { rtp: undefined, rtcp: undefined } : grantedPorts(granted);
    const pair = this.#offered;
    if (!from || !pair) throw new MediaError('camera-transport-refused', 'The camera does not send to one UDP port');
    this.#offered = undefined;
    this.#tracks.push(new DatagramTrack(track, pair, { address: this.ends.remote, ...from }, this.listener));
  }

  withdraw(): void {
    if (this.#offered) closePair(this.#offered);
    this.#offered = undefined;
  }

  begin(): void {
    for (const track of this.#tracks) track.begin();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.withdraw();
    for (const track of this.#tracks) track.close();
  }
}

function closePair({ rtp, rtcp }: UdpPair): void {
  for (const socket of [rtp, rtcp]) socket.close();
}
