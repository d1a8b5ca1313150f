import type { Duplex } from 'node:stream';
import type { MediaError } from '../errors.js';
import type { Hub } from '../hub/hub.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { RtspRefusal } from './status.js';
import type { StreamUrl } from './stream-url.js';
import { interleavedOffer } from './transport.js';
import { Viewer, type Channels, type ViewerOptions } from './viewer.js';

/** What a client has set up on its connection: tracks with their channels, and the viewer once it plays. */
export class RtspSession {
  readonly #channels = new Map<Track, Channels>();
  viewer: Viewer | undefined;

  constructor(
    readonly id: string,
    readonly url: StreamUrl,
    readonly hub: Hub,
    readonly description: StreamDescription,
  ) {}

  /** Gives a track its channels; setting it up again moves it. */
  setUp(trackId: number | undefined, transport: string): Channels {
    const { tracks } = this.description;
    if (trackId === undefined && tracks.length !== 1) throw new RtspRefusal(459, 'rtsp-aggregate-refused');
    const track = tracks[trackId ?? 0];
    if (!track) throw new RtspRefusal(404, 'rtsp-track-unknown', 'No such track');
    const offer = interleavedOffer(transport);
    if (!offer) throw new RtspRefusal(461, 'rtsp-transport-refused');
    this.#channels.delete(track);
    const channels = this.#choose(offer.rtp, offer.rtcp);
    this.#channels.set(track, channels);
    return channels;
  }

  /** Throws 460 for a track of several, 455 when nothing is set up. */
  assertAggregate(trackId: number | undefined): void {
    if (this.#channels.size === 0) throw new RtspRefusal(455, 'rtsp-wrong-state');
    if (trackId !== undefined && this.#channels.size > 1) throw new RtspRefusal(460, 'rtsp-aggregate-only');
  }

  /** The RTP-Info of a PLAY: where each track begins, as far as that is known before its first packet. */
  rtpInfo(): string {
    const entries = [...this.#channels.keys()].map((track) => {
      const first = this.hub.firstOf(track.index);
      const start = first ? `;seq=${first.sequence};rtptime=${first.timestamp}` : '';
      return `url=${this.url.base}trackID=${track.index}${start}`;
    });
    return entries.join(',');
  }

  start(socket: Duplex, options: ViewerOptions, onEnd: (error: MediaError) => void): Viewer {
    this.viewer = new Viewer(socket, this.hub, this.#channels, options, onEnd);
    return this.viewer;
  }

  stop(): void {
    this.viewer?.stop();
    this.viewer = undefined;
  }

  /** The client's wish when those channels are valid and free, else the lowest free pair. */
  #choose(rtp: number | undefined, rtcp: number | undefined): Channels {
    const taken = new Set([...this.#channels.values()].flatMap((pair) => [pair.rtp, pair.rtcp]));
    const free = (channel: number | undefined): boolean =>
      channel !== undefined && channel <= 255 && !taken.has(channel);
    if (rtp !== undefined && rtcp !== undefined && rtp !== rtcp && free(rtp) && free(rtcp)) return { rtp, rtcp };
    let first = 0;
    while (!free(first) || !free(first + 1)) first += 2;
    return { rtp: first, rtcp: first + 1 };
  }
}
