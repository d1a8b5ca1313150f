import { isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import type { MulticastGroups } from '../delivery/multicast.js';
import { isWithin, type Networks } from '../delivery/networks.js';
import type { PacerOptions } from '../delivery/pacer.js';
import type { UdpPorts } from '../delivery/udp-ports.js';
import { asMediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import type { StreamDescription, Track } from '../stream-description.js';
import {
  InterleavedTransport,
  MulticastTransport,
  UnicastTransport,
  type Heard,
  type SessionTransport,
} from './session-transport.js';
import type { Transport, TransportOffer } from './transport.js';
import type { ViewerOptions } from './viewer.js';

/** Where an RTSP connection comes from. */
export interface Peer {
  remoteAddress: string;
  /** Address of this machine that the client reached; without it only TCP is offered. */
  localAddress?: string;
  /** The connection is inside TLS. */
  encrypted?: boolean;
}

/** What it takes to send RTP beside the RTSP connection. What is missing is not offered. */
export interface DatagramOutlets {
  networks: Networks;
  unicast?: UdpPorts;
  multicast?: MulticastGroups;
  pacing: PacerOptions;
}

/** Why an offer was refused: metrics and the answer's X-Error-Code know them by these names. */
export type OfferRefusal =
  | 'offer-unknown'
  | 'network-incapable'
  | 'connection-encrypted'
  | 'outlet-not-configured'
  | 'transport-mixed'
  | 'transport-ports-invalid'
  | 'udp-ports-exhausted'
  | 'multicast-groups-exhausted'
  | 'source-failed';

export interface RefusedOffer {
  transport: TransportOffer['transport'];
  reason: OfferRefusal;
}

/** Why a viewer has the transport it has. */
export type TransportReason = 'best-available' | 'client-choice' | OfferRefusal;

export interface Negotiated {
  /** Undefined when no offer can be had. */
  granted: { way: SessionTransport; header: string } | undefined;
  refused: RefusedOffer[];
}

/** What one client can have, and why not more. */
export class Negotiation {
  /** The most that the way to this client carries. */
  readonly carries: Transport;

  constructor(
    readonly socket: Duplex,
    readonly peer: Peer,
    readonly outlets: DatagramOutlets | undefined,
    readonly heard: Heard,
    readonly options: ViewerOptions,
  ) {
    const { localAddress, remoteAddress } = peer;
    const between = outlets && localAddress !== undefined && outlets.networks.carries(localAddress, remoteAddress);
    this.carries = between || 'tcp';
  }

  /** Takes the first offer that can be had, in the way the session has already, or else in a new one. */
  async choose(
    offers: TransportOffer[],
    track: Track,
    stream: { hub: Hub; description: StreamDescription },
    present: SessionTransport | undefined,
  ): Promise<Negotiated> {
    const refused: RefusedOffer[] = [];
    for (const offer of offers) {
      const reason = this.#reasonAgainst(offer, present);
      if (reason !== undefined || offer.transport === 'other') {
        refused.push({ transport: offer.transport, reason: reason ?? 'offer-unknown' });
        continue;
      }
      const way = present ?? this.#make(offer.transport, stream);
      try {
        return { granted: { way, header: await way.setUp(track, offer) }, refused };
      } catch (error) {
        if (way !== present) way.close();
        refused.push({ transport: offer.transport, reason: refusalOf(error) });
      }
    }
    return { granted: undefined, refused };
  }

  #reasonAgainst({ transport }: TransportOffer, present: SessionTransport | undefined): OfferRefusal | undefined {
    if (transport === 'other') return 'offer-unknown';
    if (present && present.transport !== transport) return 'transport-mixed';
    if (transport === 'tcp') return undefined;
    if (this.peer.encrypted) return 'connection-encrypted';
    if (!isWithin(transport, this.carries)) return 'network-incapable';
    if (transport === 'udp') return this.outlets?.unicast ? undefined : 'outlet-not-configured';
    return this.outlets?.multicast && isIPv4(this.peer.localAddress ?? '') ? undefined : 'outlet-not-configured';
  }

  #make(transport: Transport, stream: { hub: Hub; description: StreamDescription }): SessionTransport {
    const { localAddress: local = '', remoteAddress: remote } = this.peer;
    if (transport === 'tcp') return new InterleavedTransport(this.socket, stream.hub);
    const { unicast, multicast, pacing } = this.outlets!;
    const ends = { local, remote };
    if (transport === 'udp') return new UnicastTransport(ends, stream.hub, unicast!, this.heard, pacing);
    return new MulticastTransport(ends, stream, multicast!, this.heard, this.options);
  }
}

const known: ReadonlySet<string> = new Set<OfferRefusal>([
  'transport-ports-invalid',
  'udp-ports-exhausted',
  'multicast-groups-exhausted',
]);

function refusalOf(error: unknown): OfferRefusal {
  const { code } = asMediaError(error, 'source-failed');
  return known.has(code) ? (code as OfferRefusal) : 'source-failed';
}

const betterThan = (transport: Transport, refused: readonly RefusedOffer[]): RefusedOffer | undefined =>
  refused.find((offer) => offer.transport !== 'other' && !isWithin(offer.transport, transport));

/** The reason to show with a viewer: that of the better offer it could not have, else whether there was anything better. */
export function reasonOf(transport: Transport, carries: Transport, refused: readonly RefusedOffer[]): TransportReason {
  const better = betterThan(transport, refused);
  if (better) return better.reason;
  return transport === carries ? 'best-available' : 'client-choice';
}

/** The better transport that a client asked for and could not have. */
export function fallbackFrom(transport: Transport, refused: readonly RefusedOffer[]): Transport | undefined {
  const better = betterThan(transport, refused)?.transport;
  return better === 'other' ? undefined : better;
}
