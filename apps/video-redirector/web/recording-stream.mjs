import { Playhead } from './playhead.mjs';
import { joined, mediaSourceClass, rangesOf } from './source-buffer.mjs';

/** Layout of a binary message: libs/media/src/mse/player-message.ts. */
const INIT = 1;
const MEDIA_HEADER = 24;
const APPEND_BYTES = 1 << 20;
const TICK_MS = 100;
const PING_MS = 4_000;
const SILENT_MS = 12_000;

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
 *
 * @typedef {{ reset: true } | { data: Uint8Array, number: number, mime?: string }} Waiting
 */

/**
 * A recording over a WebSocket into Media Source Extensions. The redirector sends what is acknowledged and little more: what lies further
 * ahead than the player wants stays at the device. One attempt: it ends once.
 */
export class RecordingStream {
  #playhead = new Playhead();
  /** @type {Waiting[]} */
  #queue = [];
  /** @type {number[]} */
  #appending = [];
  /** @type {SourceBuffer | undefined} */
  #buffer;
  #seek = 0;
  /** Number of the seek that what comes belongs to. */
  #playing = 0;
  /** Where the last seek goes: the keyframe before it comes first. @type {number | undefined} */
  #wantedMs;
  #hasEpoch = false;
  #isPlayed = false;
  #isFinished = false;
  #seen = -1;
  #heardAt = performance.now();
  #isEnded = false;
  #listening = new AbortController();

  /**
   * @param {import('./socket-stream.mjs').Place} place
   * @param {RecordingEvents} events
   */
  constructor({ video, path, ticket }, events) {
    this.video = video;
    this.events = events;
    const Source = /** @type {typeof MediaSource} */ (mediaSourceClass());
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    video.src = this.url;
    const address = new URL(`${path}/stream`, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    address.search = '';
    this.socket = new WebSocket(address);
    this.socket.binaryType = 'arraybuffer';
    const { signal } = this.#listening;
    this.socket.addEventListener('open', () => this.#send({ ticket }), { signal });
    this.socket.addEventListener('message', ({ data }) => this.#take(data), { signal });
    this.socket.addEventListener('close', () => this.#end('connection-lost'), { signal });
    this.source.addEventListener('sourceopen', () => this.#append(), { signal });
    video.addEventListener('error', () => this.#end('decode-failed'), { signal });
    this.timers = [setInterval(() => this.#tick(), TICK_MS), setInterval(() => this.#ping(), PING_MS)];
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
    this.#queue = [];
    this.#isPlayed = false;
    this.#isFinished = false;
    this.#send({ seek: this.#seek, at: this.#wantedMs, keys });
  }

  /**
   * @param {number} from milliseconds since 1970
   * @param {number} to
   */
  askTimeline(from, to) {
    this.#send({ timeline: { from: Math.max(0, Math.round(from)), to: Math.round(to) } });
  }

  close() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listening.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.socket.close();
    URL.revokeObjectURL(this.url);
  }

  /** @param {string} code */
  #end(code) {
    if (this.#isEnded) return;
    const { events } = this;
    this.close();
    events.ended(code);
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  #ping() {
    this.#send({ ping: performance.now() });
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    this.#heardAt = performance.now();
    if (typeof data === 'string') return this.#told(JSON.parse(data));
    // What is still on its way from the place before.
    if (this.#playing !== this.#seek) return;
    const bytes = new Uint8Array(data);
    if (bytes[0] === INIT) return this.#describe(bytes);
    const view = new DataView(data);
    if (!this.#hasEpoch) this.#begin(view.getFloat64(8) - view.getFloat64(16) * 1000);
    this.#queue.push({ data: bytes.subarray(MEDIA_HEADER), number: view.getUint32(4) });
    this.#append();
  }

  /** @param {any} message */
  #told(message) {
    const { error, recording, state, playing, refused, played, timeline, code } = message;
    if (error !== undefined) this.#end(error);
    else if (state !== undefined) this.events.isLive();
    else if (recording !== undefined) this.events.opened(recording);
    else if (timeline !== undefined) this.events.timeline(timeline);
    else if (refused === this.#seek) this.events.refused(code);
    else if (played) this.#isPlayed = this.#playing === this.#seek;
    else if (playing === this.#seek) {
      this.#playing = playing;
      this.#hasEpoch = false;
      this.#queue = [{ reset: true }];
      this.#append();
    }
  }

  /** @param {number} epochMs */
  #begin(epochMs) {
    this.#hasEpoch = true;
    this.#playhead.epochMs = epochMs;
  }

  /** @param {Uint8Array} bytes */
  #describe(bytes) {
    const length = bytes[1] ?? 0;
    const mime = new TextDecoder().decode(bytes.subarray(2, 2 + length));
    const Source = /** @type {typeof MediaSource} */ (mediaSourceClass());
    if (!Source.isTypeSupported(mime)) return this.#end('codec-unsupported');
    this.events.described(/mp4a|opus/.test(mime));
    this.#queue.push({ data: bytes.subarray(2 + length), number: 0, mime });
    this.#append();
  }

  /** Appends what waits as far as the player wants it; called again when that is done and with every tick. */
  #append() {
    if (this.#isEnded || this.source.readyState === 'closed' || this.#buffer?.updating) return;
    const [first] = this.#queue;
    if (!first) return;
    try {
      if ('reset' in first) this.#reset();
      else this.#appendMedia(first);
    } catch {
      this.#end('decode-failed');
    }
  }

  #reset() {
    this.#queue.shift();
    this.#appending = [];
    if (!this.#buffer) return this.#append();
    this.#buffer.abort();
    this.#buffer.remove(0, Infinity);
  }

  /** @param {{ data: Uint8Array, number: number, mime?: string }} first */
  #appendMedia(first) {
    if (first.mime !== undefined) {
      if (this.#buffer) this.#buffer.changeType(first.mime);
      else this.#buffer = this.#open(first.mime);
    } else if (!this.#wantsMore()) return;
    const parts = [];
    let bytes = 0;
    for (let next = this.#queue[0]; next && 'data' in next && bytes < APPEND_BYTES; next = this.#queue[0]) {
      if (next.mime !== undefined && parts.length > 0) break;
      this.#queue.shift();
      parts.push(next.data);
      bytes += next.data.length;
      if (next.number > 0) this.#appending.push(next.number);
    }
    this.#buffer?.appendBuffer(joined(parts, bytes));
  }

  #wantsMore() {
    const { buffered, currentTime, playbackRate } = this.video;
    return this.#playhead.isHungry(rangesOf(buffered), currentTime, playbackRate);
  }

  /** @param {string} mime */
  #open(mime) {
    const buffer = this.source.addSourceBuffer(mime);
    const { signal } = this.#listening;
    buffer.addEventListener('updateend', () => this.#appended(), { signal });
    buffer.addEventListener('error', () => this.#end('decode-failed'), { signal });
    return buffer;
  }

  #appended() {
    const number = this.#appending.at(-1);
    this.#appending = [];
    if (number !== undefined) {
      this.#send({ ack: number });
      this.#place();
    }
    this.#append();
  }

  /** The first pictures of a new place have come: the player goes to the moment that was asked for. */
  #place() {
    if (this.#wantedMs === undefined || !this.#hasEpoch || this.#playing !== this.#seek) return;
    this.video.currentTime = Math.max(0, (this.#wantedMs - this.#playhead.epochMs) / 1000);
    this.#wantedMs = undefined;
  }

  #tick() {
    if (performance.now() - this.#heardAt > SILENT_MS) return this.#end('connection-lost');
    const { video } = this;
    const ranges = rangesOf(video.buffered);
    const isPlaced = this.#hasEpoch && this.#wantedMs === undefined;
    const jump = isPlaced ? this.#playhead.jump(ranges, video.currentTime) : undefined;
    if (jump) video.currentTime = jump.seek;
    if (jump?.skipped) this.events.skips();
    if (video.currentTime !== this.#seen && video.readyState >= 2) this.events.moves();
    else if (isPlaced && !video.paused && !this.#isFinished) this.events.waits();
    if (this.#isPlayed && this.#queue.length === 0 && !jump) this.#finish(ranges);
    this.#seen = video.currentTime;
    this.#trim(ranges);
    this.#append();
  }

  /**
   * Only a source that is told to be at its end plays its last picture to the end. The next append opens it again.
   * @param {readonly [number, number][]} ranges
   */
  #finish(ranges) {
    const { video, source } = this;
    if (source.readyState === 'open' && this.#buffer && !this.#buffer.updating) source.endOfStream();
    if (this.#isFinished || !(video.ended || this.#playhead.isAtEnd(ranges, video.currentTime))) return;
    this.#isFinished = true;
    this.events.finished();
  }

  /** @param {readonly [number, number][]} ranges */
  #trim(ranges) {
    const before = this.#playhead.forgets(ranges, this.video.currentTime);
    if (before > 0 && this.#buffer && !this.#buffer.updating) this.#buffer.remove(0, before);
  }
}
