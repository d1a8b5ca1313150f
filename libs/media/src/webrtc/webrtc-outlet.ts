import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import type { Hub, Outlet, Subscription } from '../hub/hub.js';
import { readRtp, rtpHeaderBytes, writeRtp } from '../rtp/packet.js';
import { newStats, type ViewerStats } from '../rtsp/viewer.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { ReorderingProbe } from './reordering.js';

export interface WebRtcTarget {
  payloadType: number;
  ssrc: number;
  /** Takes one RTP packet, to be encrypted and sent. */
  send(packet: Buffer): void;
}

const keyframeRequestMs = 500;

/** The H.264 track that WebRTC can carry; throws `stream-not-playable` when there is none. */
export function webRtcTrack({ tracks }: StreamDescription): Track {
  const track = tracks.find(({ kind, codec }) => kind === 'video' && codec === 'H264');
  if (!track) throw new MediaError('stream-not-playable', 'WebRTC carries H.264 alone');
  return track;
}

/**
 * The packets of a hub's H.264 track for one WebRTC viewer, payloads unchanged. It begins with the next keyframe:
 * a burst of the cached ones would only fill the viewer's jitter buffer.
 */
export class WebRtcOutlet implements Outlet {
  readonly #track: Track;
  readonly #order = new ReorderingProbe();
  readonly #startedAt = performance.now();
  #subscription: Subscription | undefined;
  #isJoining = false;
  #waits = true;
  /** Packets left out: later sequence numbers are lowered by it, so that only real losses show. */
  #missing = 0;
  #askedAt = -Infinity;
  readonly stats: ViewerStats = newStats();

  constructor(
    readonly hub: Hub,
    description: StreamDescription,
    readonly target: WebRtcTarget,
    readonly onEnd: (error: MediaError) => void,
  ) {
    this.#track = webRtcTrack(description);
  }

  /** @throws MediaError `stream-not-playable` when the cached pictures have B-frames */
  start(): void {
    this.#isJoining = true;
    this.#subscription = this.hub.subscribe(this);
    this.#isJoining = false;
    if (this.#order.isReordered) {
      this.stop();
      throw new MediaError('stream-not-playable', 'WebRTC carries no B-frames');
    }
    this.keyframeWanted();
  }

  stop(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  /** The viewer asks for a keyframe (PLI or FIR of RTCP). */
  keyframeWanted(): void {
    const now = performance.now();
    if (now - this.#askedAt < keyframeRequestMs) return;
    this.#askedAt = now;
    this.hub.requestKeyframe();
  }

  unit(unit: AccessUnit): void {
    if (unit.track !== this.#track.index) return;
    this.#order.see(unit);
    if (this.#isJoining) return;
    if (this.#order.isReordered) {
      return this.onEnd(new MediaError('stream-not-playable', 'WebRTC carries no B-frames'));
    }
    this.#waits &&= !unit.key;
    if (this.#waits) {
      this.#missing += unit.packets.length;
      this.stats.droppedUnits++;
      return;
    }
    for (const packet of unit.packets) this.#send(packet);
    this.stats.units++;
    if (unit.key) this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  end(error: MediaError): void {
    this.#subscription = undefined;
    this.onEnd(error);
  }

  /** Header extensions and CSRCs are the camera's own: the viewer has agreed on none of them. */
  #send(packet: Buffer): void {
    const header = readRtp(packet)!;
    const { payloadType, ssrc } = this.target;
    const sequence = (header.sequence - this.#missing) & 0xffff;
    const payload = packet.subarray(header.payloadStart, header.payloadEnd);
    this.target.send(writeRtp({ ...header, payloadType, ssrc, sequence }, payload));
    this.stats.bytes += rtpHeaderBytes + payload.length;
  }
}

/** Whether an RTCP packet asks for a keyframe: picture loss indication or full intra request (RFC 4585, RFC 5104). */
export function asksForKeyframe(data: Buffer): boolean {
  for (let at = 0; at + 4 <= data.length; at += 4 + data.readUInt16BE(at + 2) * 4) {
    const [format, type] = [data[at] & 0x1f, data[at + 1]];
    if (type === 206 && (format === 1 || format === 4)) return true;
  }
  return false;
}
