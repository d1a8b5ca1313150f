import { MediaConnection } from './media-connection.mjs';
import { Playhead } from './playhead.mjs';
import { rangesOf } from './source-buffer.mjs';

const TICK_MS = 100;
/** A picture that stands for so long, though there is one, is not about to move. */
const STUCK_TICKS = 5;

/**
 * @typedef {object} RecordingEvents
 * @property {(range: { fromMs?: number, toMs?: number }) => void} opened
 * @property {() => void} isLive the camera has no recordings: the ticket shows its live stream
 * @property {() => void} moves the picture moves
 * @property {() => void} waits
 * @property {() => void} skips a gap was jumped over
 * @property {() => void} finished nothing more is recorded
 * @property {(code: string) => void} refused the place cannot be played, another can
 * @property {(answer: { from: number, to: number, spans?: [number, number, string][], code?: string }) => void} timeline
 * @property {(hasAudio: boolean) => void} described
 * @property {(code: string) => void} ended nothing more comes
 */

/**
 * A recording over a WebSocket. The redirector sends what is acknowledged and little more: what lies further ahead than the player
 * wants stays at the device.
 * @extends {MediaConnection<RecordingEvents>}
 */
export class RecordingStream extends MediaConnection {
  #playhead = new Playhead();
  #seek = 0;
  /** Number of the seek that what comes belongs to. */
  #playing = 0;
  /** Where the last seek goes: the keyframe before it comes first. @type {number | undefined} */
  #wantedMs;
  #hasEpoch = false;
  #isPlayed = false;
  #isFinished = false;
  #seen = -1;
  #still = 0;

  /**
   * @param {import('./media-connection.mjs').Place} place
   * @param {RecordingEvents} events
   */
  constructor(place, events) {
    super(place, events, TICK_MS);
  }

  /** Of what is shown, milliseconds since 1970; undefined before something is. */
  get positionMs() {
    if (!this.#hasEpoch || this.#seek !== this.#playing) return this.#wantedMs;
    const atMs = this.#playhead.recordedAt(this.video.currentTime);
    return this.#wantedMs === undefined ? atMs : Math.max(atMs, this.#wantedMs);
  }

  /**
   * @param {number} atMs milliseconds since 1970
   * @param {boolean} keys keyframes alone
   */
  seek(atMs, keys) {
    this.#seek += 1;
    this.#wantedMs = Math.max(0, Math.round(atMs));
    this.forget();
    this.#isPlayed = false;
    this.#isFinished = false;
    this.send({ seek: this.#seek, at: this.#wantedMs, keys });
  }

  /**
   * @param {number} from milliseconds since 1970
   * @param {number} to
   */
  askTimeline(from, to) {
    this.send({ timeline: { from: Math.max(0, Math.round(from)), to: Math.round(to) } });
  }

  /** @override */
  get isStale() {
    return this.#playing !== this.#seek;
  }

  /** @override */
  get wantsMore() {
    const { buffered, currentTime, playbackRate } = this.video;
    return this.#playhead.isHungry(rangesOf(buffered), currentTime, playbackRate);
  }

  /**
   * @override
   * @param {{ capturedMs: number, seconds: number }} times
   */
  came({ capturedMs, seconds }) {
    if (this.#hasEpoch) return;
    this.#hasEpoch = true;
    this.#playhead.epochMs = capturedMs - seconds * 1000;
  }

  /**
   * @override
   * @param {any} message
   */
  told(message) {
    const { error, recording, state, playing, refused, played, timeline, code } = message;
    if (error !== undefined) this.end(error);
    else if (state !== undefined) this.events.isLive();
    else if (recording !== undefined) this.events.opened(recording);
    else if (timeline !== undefined) this.events.timeline(timeline);
    else if (refused === this.#seek) this.events.refused(code);
    else if (played) this.#isPlayed = this.#playing === this.#seek;
    else if (playing === this.#seek) {
      this.#playing = playing;
      this.#hasEpoch = false;
      this.restart();
    }
  }

  /**
   * @override
   * @param {number} number
   */
  appended(number) {
    if (number === 0) return;
    this.send({ ack: number });
    this.#place();
  }

  /** The first pictures of a new place have come: the player goes to the moment that was asked for. */
  #place() {
    if (this.#wantedMs === undefined || !this.#hasEpoch || this.#playing !== this.#seek) return;
    this.video.currentTime = Math.max(0, (this.#wantedMs - this.#playhead.epochMs) / 1000);
    this.#wantedMs = undefined;
  }

  /** @override */
  tick() {
    const { video } = this;
    const ranges = rangesOf(video.buffered);
    const isPlaced = this.#hasEpoch && this.#wantedMs === undefined;
    const isStill = video.currentTime === this.#seen && !video.paused && !video.seeking && video.readyState < 3;
    this.#still = isStill ? this.#still + 1 : 0;
    const jump = isPlaced ? this.#playhead.jump(ranges, video.currentTime, this.#still >= STUCK_TICKS) : undefined;
    if (jump) video.currentTime = jump.seek;
    if (jump?.skipped) this.events.skips();
    if (video.currentTime !== this.#seen && video.readyState >= 2) this.events.moves();
    else if (isPlaced && !video.paused && !this.#isFinished) this.events.waits();
    if (this.#isPlayed && this.isDrained && !jump) this.#finish(ranges);
    this.#seen = video.currentTime;
    this.#trim(ranges);
    this.append();
  }

  /** @param {readonly [number, number][]} ranges */
  #finish(ranges) {
    const { video } = this;
    this.finish();
    if (this.#isFinished || !(video.ended || this.#playhead.isAtEnd(ranges, video.currentTime))) return;
    this.#isFinished = true;
    this.events.finished();
  }

  /** @param {readonly [number, number][]} ranges */
  #trim(ranges) {
    const before = this.#playhead.forgets(ranges, this.video.currentTime);
    if (before > 0) this.trim(before);
  }
}
