import { Acknowledger } from './acknowledger.mjs';
import { LiveEdge } from './live-edge.mjs';
import { MediaConnection } from './media-connection.mjs';
import { rangesOf } from './source-buffer.mjs';

const STEER_MS = 200;
/** The source is up and nothing comes for so long: something on the way is stuck. */
const STUCK_MS = 5_000;
/** Kept behind the live edge, and how much more may gather before it is trimmed. Seconds. */
const KEPT = 10;
const GATHERED = 10;

/**
 * @typedef {object} StreamEvents
 * @property {() => void} live the picture moves
 * @property {(code: string) => void} trouble the source is away, the connection stays
 * @property {(code: string) => void} ended nothing more comes
 * @property {(hasAudio: boolean) => void} described
 * @property {(usage: string, reason: string) => void} exchanged which of the camera's streams runs, and why not the best
 * @property {(codec: string) => void} [sound] what the camera's sound is, as its RTP names it; empty without sound
 */

/**
 * A live stream over a WebSocket.
 * @extends {MediaConnection<StreamEvents>}
 */
export class SocketStream extends MediaConnection {
  #edge = new LiveEdge();
  #acknowledger = new Acknowledger();
  #last = { seconds: 0, capturedMs: 0 };
  #clock = { offset: 0, roundTrip: Infinity };
  #mediaAt = performance.now();
  #isUp = false;
  /** Where the picture was at the last look. */
  #seen = 0;

  /**
   * @param {import('./media-connection.mjs').Place} place
   * @param {StreamEvents} events
   */
  constructor(place, events) {
    super(place, events, STEER_MS);
    const stalled = () => this.#edge.stalled(performance.now());
    this.video.addEventListener('waiting', stalled, { signal: this.signal });
  }

  /** Milliseconds from the redirector's capture to the picture shown; undefined before that is known. */
  get delayMs() {
    if (this.#clock.roundTrip === Infinity || this.#last.capturedMs === 0) return undefined;
    const shown = this.#last.capturedMs - (this.#last.seconds - this.video.currentTime) * 1000;
    return Math.max(0, performance.now() + this.#clock.offset - shown);
  }

  /**
   * @override
   * @param {{ capturedMs: number, seconds: number }} times
   */
  came(times) {
    this.#mediaAt = performance.now();
    this.#last = times;
  }

  /**
   * @override
   * @param {{ error?: string, state?: string, code?: string, usage?: string, reason?: string, sound?: string, pong?: number, at?: number }} message
   */
  told({ error, state, code, usage, reason, sound, pong, at }) {
    if (error !== undefined) return this.end(error);
    if (sound !== undefined) return this.events.sound?.(sound);
    if (pong !== undefined && at !== undefined) {
      const roundTrip = performance.now() - pong;
      // The quickest answer tells most; an old one is worth less with time, because clocks drift.
      if (roundTrip < this.#clock.roundTrip + 1)
        this.#clock = { offset: at + roundTrip / 2 - performance.now(), roundTrip };
      return;
    }
    if (usage !== undefined && reason !== undefined) this.events.exchanged(usage, reason);
    const wasUp = this.#isUp;
    this.#isUp = state === 'up';
    if (!this.#isUp) this.events.trouble(code || 'source-offline');
    else if (!wasUp) this.ping();
  }

  /**
   * @override
   * @param {number} number
   */
  appended(number) {
    // Timers of a page that is not seen come late or hardly at all.
    if (number > 0) this.#acknowledge(this.#acknowledger.taken(number, performance.now(), document.hidden));
    this.#steer();
  }

  /** @override */
  tick() {
    const { currentTime } = this.video;
    const isStuck = performance.now() - this.#mediaAt > STUCK_MS;
    if (this.#isUp && isStuck) this.events.trouble('source-silent');
    else if (this.#isUp && currentTime !== this.#seen && this.video.videoWidth > 0) this.events.live();
    this.#seen = currentTime;
    this.#acknowledge(this.#acknowledger.due(performance.now()));
    this.#steer();
    this.#trim();
  }

  /** @param {number | undefined} number */
  #acknowledge(number) {
    if (number !== undefined) this.send({ ack: number });
  }

  #steer() {
    const { video } = this;
    const ranges = rangesOf(video.buffered);
    const { seek, rate } = this.#edge.steer(ranges, video.currentTime, performance.now());
    if (seek !== undefined) video.currentTime = seek;
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (video.paused && ranges.length > 0 && !document.hidden) video.play().catch(() => undefined);
  }

  #trim() {
    const ranges = rangesOf(this.video.buffered);
    const start = ranges[0]?.[0] ?? 0;
    const end = ranges.at(-1)?.[1] ?? 0;
    if (end - start > KEPT + GATHERED) this.trim(end - KEPT);
  }
}
