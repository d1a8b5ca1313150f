import type { Duplex } from 'node:stream';
import type { AccessUnit } from '../access-unit.js';
import { interleave, renumber } from '../rtsp/interleaving.js';
import { encodeInterleaved } from '../rtsp/message.js';
import type { Track } from '../stream-description.js';
import type { TransportOffer } from '../rtsp/transport.js';
import type { Backlog, Delivery } from './delivery.js';

interface Channels {
  rtp: number;
  rtcp: number;
}

/** RTP in the viewer's own RTSP connection (RFC 2326 section 10.12). */
export class InterleavedDelivery implements Delivery {
  readonly transport = 'tcp';
  readonly #channels = new Map<number, Channels>();
  /** Times and sizes of writes the kernel has not taken yet, oldest first. */
  readonly #unwritten: { at: number; bytes: number }[] = [];
  #bytes = 0;
  #progressAt = 0;

  constructor(readonly socket: Duplex) {}

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** Gives a track its channels; setting it up again moves it. @returns the Transport header of the answer */
  setUp(track: Track, offer: Pick<TransportOffer, 'rtp' | 'rtcp'>): string {
    this.#channels.delete(track.index);
    const { rtp, rtcp } = this.#choose(offer);
    this.#channels.set(track.index, { rtp, rtcp });
    return `RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtcp}`;
  }

  /** The track whose RTCP comes on a channel. */
  trackOf(channel: number): number | undefined {
    for (const [track, { rtcp }] of this.#channels) if (rtcp === channel) return track;
    return undefined;
  }

  unit(unit: AccessUnit, missing: number, now: number): number {
    const channels = this.#channels.get(unit.track);
    if (!channels) return 0;
    const shared = interleave(unit, channels.rtp);
    return this.#write(missing === 0 ? shared : renumber(shared, missing), now);
  }

  control(track: number, packet: Buffer, now: number): number {
    const channels = this.#channels.get(track);
    return channels ? this.#write(encodeInterleaved(channels.rtcp, packet), now) : 0;
  }

  backlog(now: number): Backlog {
    const oldest = this.#unwritten[0];
    if (!oldest) return { bytes: 0, ageMs: 0, stalledMs: 0 };
    return { bytes: this.#bytes, ageMs: now - oldest.at, stalledMs: now - Math.max(oldest.at, this.#progressAt) };
  }

  /** The connection lives longer than what it carries. */
  close(): void {
    this.#channels.clear();
  }

  #write(data: Buffer, now: number): number {
    this.#unwritten.push({ at: now, bytes: data.length });
    this.#bytes += data.length;
    this.socket.write(data, () => {
      this.#bytes -= this.#unwritten.shift()?.bytes ?? 0;
      this.#progressAt = performance.now();
    });
    return data.length;
  }

  /** The client's wish when those channels are valid and free, else the lowest free pair. */
  #choose({ rtp, rtcp }: Pick<TransportOffer, 'rtp' | 'rtcp'>): Channels {
    const taken = new Set([...this.#channels.values()].flatMap((pair) => [pair.rtp, pair.rtcp]));
    const free = (channel: number | undefined): boolean =>
      channel !== undefined && channel <= 255 && !taken.has(channel);
    if (rtp !== undefined && rtcp !== undefined && rtp !== rtcp && free(rtp) && free(rtcp)) return { rtp, rtcp };
    let first = 0;
    while (!free(first) || !free(first + 1)) first += 2;
    return { rtp: first, rtcp: first + 1 };
  }
}
