import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import type { Hub, Outlet, Subscription } from '../hub/hub.js';
import { newStats, type ViewerStats } from '../rtsp/viewer.js';
import type { StreamDescription, Track } from '../stream-description.js';
import { ReorderingProbe } from './reordering.js';
import { WebRtcTrack, type WebRtcTarget } from './webrtc-track.js';

const keyframeRequestMs = 500;
/** Of what cameras send, what every browser decodes in WebRTC (RFC 7874); AAC is not among it. */
const soundCodecs = new Set(['OPUS', 'PCMU', 'PCMA']);

/** The H.264 track that WebRTC can carry; throws `stream-not-playable` when there is none. */
export function webRtcTrack({ tracks }: StreamDescription): Track {
  const track = tracks.find(({ kind, codec }) => kind === 'video' && codec === 'H264');
  if (!track) throw new MediaError('stream-not-playable', 'WebRTC carries H.264 alone');
  return track;
}

/** The sound that WebRTC can carry. */
export function webRtcSound({ tracks }: StreamDescription): Track | undefined {
  return tracks.find(({ kind, codec }) => kind === 'audio' && soundCodecs.has(codec));
}

/** Without a target for sound there is none. */
export interface WebRtcTargets {
  video: WebRtcTarget;
  audio?: WebRtcTarget | undefined;
}

/**
 * The packets of a hub's H.264 track, and of its sound, for one WebRTC viewer. It begins with the next keyframe:
 * a burst of the cached ones would only fill the viewer's jitter buffer.
 */
export class WebRtcOutlet implements Outlet {
  readonly #video: WebRtcTrack;
  readonly #audio: WebRtcTrack | undefined;
  readonly #order = new ReorderingProbe();
  readonly #startedAt = performance.now();
  #subscription: Subscription | undefined;
  #isJoining = false;
  #waits = true;
  #askedAt = -Infinity;
  readonly stats: ViewerStats = newStats();

  constructor(
    readonly hub: Hub,
    description: StreamDescription,
    { video, audio }: WebRtcTargets,
    readonly onEnd: (error: MediaError) => void,
  ) {
    this.#video = new WebRtcTrack(webRtcTrack(description), video);
    const sound = webRtcSound(description);
    this.#audio = audio && sound && new WebRtcTrack(sound, audio);
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
    if (unit.track === this.#audio?.track.index) return this.#sound(unit, this.#audio);
    if (unit.track !== this.#video.track.index) return;
    this.#order.see(unit);
    if (this.#isJoining) return;
    if (this.#order.isReordered) {
      return this.onEnd(new MediaError('stream-not-playable', 'WebRTC carries no B-frames'));
    }
    this.#waits &&= !unit.key;
    if (this.#waits) {
      this.#video.leaveOut(unit);
      this.stats.droppedUnits++;
      return;
    }
    this.#send(unit, this.#video);
    if (unit.key) this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  end(error: MediaError): void {
    this.#subscription = undefined;
    this.onEnd(error);
  }

  /** Sound begins with the picture. */
  #sound(unit: AccessUnit, audio: WebRtcTrack): void {
    if (this.#isJoining) return;
    if (this.#waits) audio.leaveOut(unit);
    else this.#send(unit, audio);
  }

  #send(unit: AccessUnit, track: WebRtcTrack): void {
    this.stats.bytes += track.send(unit, this.hub.reference(unit.track), performance.now());
    this.stats.units++;
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
