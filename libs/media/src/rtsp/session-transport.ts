import type { Duplex } from 'node:stream';
import { DatagramDelivery } from '../delivery/datagram.js';
import { GroupMember } from '../delivery/group-member.js';
import { InterleavedDelivery } from '../delivery/interleaved.js';
import type { Membership, MulticastGroups } from '../delivery/multicast.js';
import type { PacerOptions } from '../delivery/pacer.js';
import type { UdpPorts } from '../delivery/udp-ports.js';
import { arePorts, connectUnicast } from '../delivery/unicast.js';
import { MediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import type { StreamDescription, Track } from '../stream-description.js';
import type { Transport, TransportOffer } from './transport.js';
import { Viewer, type Playing, type ViewerOptions } from './viewer.js';

/** RTCP of a viewer that came beside its RTSP connection. */
export type Heard = (track: number | undefined, packet: Buffer | undefined) => void;

/** How one session's tracks go to its viewer: all of them in the same way. */
export interface SessionTransport {
  readonly transport: Transport;
  /** The same for all who are sent the same packets. */
  readonly shared?: object;
  /**
   * Takes a track in.
   * @returns the Transport header of the answer
   * @throws MediaError `transport-ports-invalid`, `udp-ports-exhausted`, `multicast-groups-exhausted`, `source-failed`
   */
  setUp(track: Track, offer: TransportOffer): Promise<string>;
  play(tracks: readonly Track[], options: ViewerOptions, onEnd: (error: MediaError) => void): Playing;
  close(): void;
}

export class InterleavedTransport implements SessionTransport {
  readonly transport = 'tcp';
  readonly #delivery: InterleavedDelivery;

  constructor(
    socket: Duplex,
    readonly hub: Hub,
  ) {
    this.#delivery = new InterleavedDelivery(socket);
  }

  setUp(track: Track, offer: TransportOffer): Promise<string> {
    return Promise.resolve(this.#delivery.setUp(track, offer));
  }

  trackOf(channel: number): number | undefined {
    return this.#delivery.trackOf(channel);
  }

  play(tracks: readonly Track[], options: ViewerOptions, onEnd: (error: MediaError) => void): Playing {
    return new Viewer(this.#delivery, this.hub, tracks, options, onEnd);
  }

  close(): void {
    this.#delivery.close();
  }
}

/** Datagrams to the address that the RTSP connection comes from, never to another one. */
export class UnicastTransport implements SessionTransport {
  readonly transport = 'udp';
  readonly #delivery: DatagramDelivery;

  constructor(
    readonly ends: { local: string; remote: string },
    readonly hub: Hub,
    readonly ports: UdpPorts,
    readonly heard: Heard,
    pacing: PacerOptions,
  ) {
    this.#delivery = new DatagramDelivery('udp', pacing);
  }

  async setUp(track: Track, { rtp, rtcp }: TransportOffer): Promise<string> {
    if (!arePorts(rtp, rtcp)) throw new MediaError('transport-ports-invalid', 'The client names no ports to send to');
    const pair = await this.ports.bind(this.ends.local);
    const receiver = { address: this.ends.remote, rtp: rtp!, rtcp: rtcp! };
    this.#delivery.add(track.index, await connectUnicast(pair, receiver, (packet) => this.heard(track.index, packet)));
    return `RTP/AVP;unicast;client_port=${rtp}-${rtcp};server_port=${pair.port}-${pair.port + 1}`;
  }

  play(tracks: readonly Track[], options: ViewerOptions, onEnd: (error: MediaError) => void): Playing {
    return new Viewer(this.#delivery, this.hub, tracks, options, onEnd);
  }

  close(): void {
    this.#delivery.close();
  }
}

/** The group of the hub, shared with all others who watch it. */
export class MulticastTransport implements SessionTransport {
  readonly transport = 'multicast';
  #membership: Membership | undefined;
  #closed = false;
  readonly #onLife = (address: string): void => {
    if (address === this.ends.remote) this.heard(undefined, undefined);
  };

  constructor(
    readonly ends: { local: string; remote: string },
    readonly stream: { hub: Hub; description: StreamDescription },
    readonly groups: MulticastGroups,
    readonly heard: Heard,
    readonly options: ViewerOptions,
  ) {}

  get shared(): object | undefined {
    return this.#membership?.group;
  }

  async setUp(track: Track): Promise<string> {
    this.#membership ??= await this.#join();
    const { group } = this.#membership;
    const port = group.portOf(track);
    return `RTP/AVP;multicast;destination=${group.address};port=${port}-${port + 1};ttl=${group.ttl}`;
  }

  play(_tracks: readonly Track[], _options: ViewerOptions, onEnd: (error: MediaError) => void): Playing {
    return new GroupMember(this.#membership!.group, onEnd);
  }

  close(): void {
    this.#closed = true;
    this.#membership?.group.heard.delete(this.#onLife);
    this.#membership?.leave();
  }

  async #join(): Promise<Membership> {
    const { hub, description } = this.stream;
    const membership = await this.groups.join(hub, description, this.ends.local, this.options);
    if (this.#closed) membership.leave();
    else membership.group.heard.add(this.#onLife);
    return membership;
  }
}
