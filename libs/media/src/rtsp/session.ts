import type { MediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import type { ReceiverReport } from '../rtp/control-packet.js';
import type { StreamDescription, Track } from '../stream-description.js';
import type { Negotiated, Negotiation } from './negotiation.js';
import { InterleavedTransport, type SessionTransport } from './session-transport.js';
import type { ViewerGrant } from './serving.js';
import { RtspRefusal } from './status.js';
import type { StreamUrl } from './stream-url.js';
import { parseTransports, type Transport } from './transport.js';
import type { Playing, ViewerOptions } from './viewer.js';

/** What a client has set up on its connection: tracks and their way, and the viewer once it plays. */
export class RtspSession {
  readonly #tracks = new Map<number, Track>();
  #way: SessionTransport | undefined;
  #closed = false;
  viewer: Playing | undefined;

  constructor(
    readonly id: string,
    readonly url: StreamUrl,
    readonly hub: Hub,
    readonly description: StreamDescription,
    readonly negotiation: Negotiation,
    readonly grant: ViewerGrant | undefined,
  ) {}

  /** How the tracks go; TCP before any is set up. */
  get transport(): Transport {
    return this.#way?.transport ?? 'tcp';
  }

  /** The group that this one's media goes to, together with that of others. */
  get shared(): object | undefined {
    return this.#way?.shared;
  }

  /** Takes a track in by the first offer that can be had; none of them is an answer as well. Throws 459 or 404. */
  async setUp(trackId: number | undefined, transport: string): Promise<Negotiated> {
    const { tracks } = this.description;
    if (trackId === undefined && tracks.length !== 1) throw new RtspRefusal(459, 'rtsp-aggregate-refused');
    const track = tracks[trackId ?? 0];
    if (!track) throw new RtspRefusal(404, 'rtsp-track-unknown', 'No such track');
    // The only track may still change its way.
    const isOnly = [...this.#tracks.keys()].every((index) => index === track.index);
    const offers = parseTransports(transport);
    const keeps = !isOnly || offers.some((offer) => offer.transport === this.#way?.transport);
    const negotiated = await this.negotiation.choose(offers, track, this, keeps ? this.#way : undefined);
    if (negotiated.granted) this.#take(track, negotiated.granted.way);
    return negotiated;
  }

  /** Throws 460 for a track of several, 455 when nothing is set up. */
  assertAggregate(trackId: number | undefined): void {
    if (this.#tracks.size === 0) throw new RtspRefusal(455, 'rtsp-wrong-state');
    if (trackId !== undefined && this.#tracks.size > 1) throw new RtspRefusal(460, 'rtsp-aggregate-only');
  }

  /** The RTP-Info of a PLAY: where each track begins, as far as that is known before its first packet. */
  rtpInfo(): string {
    const entries = [...this.#tracks.values()].map((track) => {
      const first = this.transport === 'multicast' ? undefined : this.hub.firstOf(track.index);
      const start = first ? `;seq=${first.sequence};rtptime=${first.timestamp}` : '';
      return `url=${this.url.base}trackID=${track.index}${start}`;
    });
    return entries.join(',');
  }

  start(options: ViewerOptions, onEnd: (error: MediaError) => void): Playing {
    this.viewer = this.#way!.play([...this.#tracks.values()], options, onEnd);
    return this.viewer;
  }

  stop(): void {
    this.viewer?.stop();
    this.viewer = undefined;
  }

  /** A report that came on a channel of the connection. */
  reported(channel: number, report: ReceiverReport): void {
    const track = this.#way instanceof InterleavedTransport ? this.#way.trackOf(channel) : undefined;
    if (track !== undefined) this.viewer?.reported(track, report);
  }

  /** Gives the way back; nothing can be set up any more. */
  close(): void {
    this.#closed = true;
    this.stop();
    this.#way?.close();
  }

  #take(track: Track, way: SessionTransport): void {
    if (this.#way !== way) this.#way?.close();
    this.#way = way;
    this.#tracks.set(track.index, track);
    // The connection may have ended while the way was made.
    if (this.#closed) way.close();
  }
}
