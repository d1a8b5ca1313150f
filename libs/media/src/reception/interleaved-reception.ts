import { MediaError } from '../errors.js';
import { grantedChannels } from '../rtsp/transport.js';
import type { Track } from '../stream-description.js';
import type { Reception, ReceptionListener, ReceptionStats } from './reception.js';
import { TrackReceiver } from './track-receiver.js';

/** RTP and RTCP as frames of the RTSP connection (RFC 2326 section 10.12): no packet is lost or out of order. */
export class InterleavedReception implements Reception {
  readonly #media = new Map<number, TrackReceiver>();
  readonly #control = new Map<number, TrackReceiver>();
  #accepted = 0;
  #packets = 0;
  lastPacketAt: number | undefined;

  /** `channels` is told which ones are in use. */
  constructor(
    readonly channels: Set<number>,
    readonly listener: ReceptionListener,
  ) {}

  get stats(): ReceptionStats {
    return { transport: 'tcp', packets: this.#packets, lost: 0, late: 0, jitterMs: 0 };
  }

  offer(): Promise<string> {
    const rtp = this.#accepted * 2;
    this.channels.add(rtp).add(rtp + 1);
    return Promise.resolve(`RTP/AVP/TCP;unicast;interleaved=${rtp}-${rtp + 1}`);
  }

  accept(track: Track, granted: string | undefined): void {
    const offered = { rtp: this.#accepted * 2, rtcp: this.#accepted * 2 + 1 };
    const channels = granted === undefined ? offered : grantedChannels(granted);
    if (!channels) throw new MediaError('camera-transport-refused', 'The camera does not send within the connection');
    this.#accepted++;
    this.channels.add(channels.rtp).add(channels.rtcp);
    const receiver = new TrackReceiver(track, this.listener);
    this.#media.set(channels.rtp, receiver);
    this.#control.set(channels.rtcp, receiver);
  }

  receive(channel: number, data: Buffer): void {
    const receiver = this.#media.get(channel);
    if (!receiver) {
      this.#control.get(channel)?.control(data);
      return;
    }
    this.#packets++;
    this.lastPacketAt = performance.now();
    receiver.media(data);
  }

  withdraw(): void {
    // The channels are offered again with the next track.
  }

  begin(): void {
    // A camera may send before it answers: everything is ready.
  }

  close(): void {
    this.#media.clear();
    this.#control.clear();
  }
}
