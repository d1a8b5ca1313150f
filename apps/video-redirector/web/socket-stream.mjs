import { LiveEdge } from './live-edge.mjs';
import { joined, mediaSourceClass, rangesOf } from './source-buffer.mjs';

/** Layout of a binary message: libs/media/src/mse/player-message.ts. */
const INIT = 1;
const MEDIA_HEADER = 24;
/** Fragments that wait are appended together, up to this size. */
const APPEND_BYTES = 1 << 20;
const STEER_MS = 200;
const PING_MS = 4_000;
/** The redirector answers pings; with nothing at all for so long the connection is dead. */
const SILENT_MS = 12_000;
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
 *
 * @typedef {object} Place
 * @property {HTMLVideoElement} video
 * @property {string} path `/play/<site>/<camera>`
 * @property {string} ticket
 */

/** Fragmented MP4 over a WebSocket into Media Source Extensions. One attempt: it ends once, and another is made by its owner. */
export class SocketStream {
  #edge = new LiveEdge();
  /** An initialisation segment has its type with it. @type {{ data: Uint8Array, number: number, mime?: string }[]} */
  #queue = [];
  /** @type {number[]} numbers in the append under way */
  #appending = [];
  /** @type {SourceBuffer | undefined} */
  #buffer;
  /** Of the last initialisation segment that was appended. */
  #mime = '';
  #last = { seconds: 0, capturedMs: 0 };
  #clock = { offset: 0, roundTrip: Infinity };
  #heardAt = performance.now();
  #mediaAt = performance.now();
  #isUp = false;
  /** Where the picture was at the last look. */
  #seen = 0;
  #isEnded = false;
  #listening = new AbortController();

  /**
   * @param {Place} place
   * @param {StreamEvents} events
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
    this.#listen(ticket);
    this.timers = [setInterval(() => this.#tick(), STEER_MS), setInterval(() => this.#ping(), PING_MS)];
  }

  /** Milliseconds from the redirector's capture to the picture shown; undefined before that is known. */
  get delayMs() {
    if (this.#clock.roundTrip === Infinity || this.#last.capturedMs === 0) return undefined;
    const shown = this.#last.capturedMs - (this.#last.seconds - this.video.currentTime) * 1000;
    return Math.max(0, performance.now() + this.#clock.offset - shown);
  }

  close() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listening.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.socket.close();
    URL.revokeObjectURL(this.url);
  }

  /** @param {string} ticket */
  #listen(ticket) {
    const { signal } = this.#listening;
    this.socket.addEventListener('open', () => this.#send({ ticket }), { signal });
    this.socket.addEventListener('message', ({ data }) => this.#take(data), { signal });
    this.socket.addEventListener('close', () => this.#end('connection-lost'), { signal });
    this.source.addEventListener('sourceopen', () => this.#append(), { signal });
    this.video.addEventListener('error', () => this.#end('decode-failed'), { signal });
    this.video.addEventListener('waiting', () => this.#edge.stalled(performance.now()), { signal });
  }

  /** @param {string} code */
  #end(code) {
    if (this.#isEnded) return;
    this.close();
    this.events.ended(code);
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    this.#heardAt = performance.now();
    if (typeof data === 'string') return this.#told(JSON.parse(data));
    const bytes = new Uint8Array(data);
    if (bytes[0] === INIT) return this.#describe(bytes);
    const view = new DataView(data);
    this.#mediaAt = performance.now();
    this.#last = { capturedMs: view.getFloat64(8), seconds: view.getFloat64(16) };
    this.#queue.push({ data: bytes.subarray(MEDIA_HEADER), number: view.getUint32(4) });
    this.#append();
  }

  /** @param {{ error?: string, state?: string, code?: string, usage?: string, reason?: string, sound?: string, pong?: number, at?: number }} message */
  #told({ error, state, code, usage, reason, sound, pong, at }) {
    if (error !== undefined) return this.#end(error);
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
    else if (!wasUp) this.#ping();
  }

  /** @param {Uint8Array} bytes */
  #describe(bytes) {
    const length = bytes[1] ?? 0;
    const mime = new TextDecoder().decode(bytes.subarray(2, 2 + length));
    const Source = /** @type {typeof MediaSource} */ (mediaSourceClass());
    if (!Source.isTypeSupported(mime)) return this.#end('codec-unsupported');
    this.#queue.push({ data: bytes.subarray(2 + length), number: 0, mime });
    this.events.described(/mp4a|opus/.test(mime));
    this.#append();
  }

  /** Appends what waits; called again when that is done. */
  #append() {
    const [first] = this.#queue;
    if (this.#isEnded || this.source.readyState !== 'open' || !first || this.#buffer?.updating) return;
    if (!this.#turnTo(first.mime ?? this.#mime) || !this.#buffer) return;
    const parts = [];
    let bytes = 0;
    while (this.#queue.length > 0 && bytes < APPEND_BYTES) {
      // Another type has to be announced first.
      if (parts.length > 0 && this.#queue[0]?.mime !== undefined) break;
      const { data, number } = /** @type {{ data: Uint8Array, number: number }} */ (this.#queue.shift());
      parts.push(data);
      bytes += data.length;
      if (number > 0) this.#appending.push(number);
    }
    try {
      this.#buffer.appendBuffer(parts.length === 1 ? parts[0] : joined(parts, bytes));
    } catch {
      this.#end('decode-failed');
    }
  }

  /**
   * What follows is of this type: another resolution of the camera has another one.
   * @param {string} mime
   * @returns {boolean} whether it can be appended
   */
  #turnTo(mime) {
    if (mime === '') return false;
    if (this.#buffer && mime !== this.#mime) this.#buffer.changeType(mime);
    this.#mime = mime;
    this.#buffer ??= this.#open();
    return true;
  }

  #open() {
    const buffer = this.source.addSourceBuffer(this.#mime);
    const { signal } = this.#listening;
    buffer.addEventListener('updateend', () => this.#appended(), { signal });
    buffer.addEventListener('error', () => this.#end('decode-failed'), { signal });
    return buffer;
  }

  #appended() {
    const number = this.#appending.at(-1);
    this.#appending = [];
    if (number !== undefined) this.#send({ ack: number });
    this.#steer();
    this.#append();
  }

  #tick() {
    if (performance.now() - this.#heardAt > SILENT_MS) return this.#end('connection-lost');
    const { currentTime } = this.video;
    const isStuck = performance.now() - this.#mediaAt > STUCK_MS;
    if (this.#isUp && isStuck) this.events.trouble('source-silent');
    else if (this.#isUp && currentTime !== this.#seen && this.video.videoWidth > 0) this.events.live();
    this.#seen = currentTime;
    this.#steer();
    this.#trim();
  }

  #ping() {
    this.#send({ ping: performance.now() });
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
    const buffer = this.#buffer;
    const ranges = rangesOf(this.video.buffered);
    if (!buffer || buffer.updating || ranges.length === 0) return;
    const start = ranges[0]?.[0] ?? 0;
    const end = ranges.at(-1)?.[1] ?? 0;
    if (end - start > KEPT + GATHERED) buffer.remove(0, end - KEPT);
  }
}
