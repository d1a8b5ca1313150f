import { joined, mediaSourceClass } from './source-buffer.mjs';

/** Layout of a binary message: libs/media/src/mse/player-message.ts. */
const INIT = 1;
const MEDIA_HEADER = 24;
/** Fragments that wait are appended together, up to this size. */
const APPEND_BYTES = 1 << 20;
const PING_MS = 4_000;
/** The redirector answers pings; with nothing at all for so long the connection is dead. */
const SILENT_MS = 12_000;

/**
 * @typedef {object} Place
 * @property {HTMLVideoElement} video
 * @property {string} path `/play/<site>/<camera>`
 * @property {string} ticket
 *
 * @typedef {object} ConnectionEvents
 * @property {(hasAudio: boolean) => void} described
 * @property {(code: string) => void} ended nothing more comes
 *
 * @typedef {{ data: Uint8Array, number: number, mime?: string }} Segment an initialisation segment has its type with it, and the number 0
 */

/**
 * Fragmented MP4 over a WebSocket into Media Source Extensions: what live streams and recordings have in common.
 * One attempt: it ends once, and another is made by its owner.
 * @template {ConnectionEvents} Events
 */
export class MediaConnection {
  /** @type {Segment[]} */
  #queue = [];
  /** What the player holds is not wanted any more. */
  #isRestarting = false;
  /** Last number in the append under way; 0 for none. */
  #appending = 0;
  /** @type {SourceBuffer | undefined} */
  #buffer;
  /** Of the last initialisation segment that was appended. */
  #mime = '';
  #heardAt = performance.now();
  #isEnded = false;
  #listening = new AbortController();

  /**
   * @param {Place} place
   * @param {Events} events
   * @param {number} tickMs between two calls of `tick`
   */
  constructor({ video, path, ticket }, events, tickMs) {
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
    this.timers = [setInterval(() => this.#tick(), tickMs), setInterval(() => this.ping(), PING_MS)];
  }

  /** @param {any} _message */
  told(_message) {}

  /** A fragment came. @param {{ capturedMs: number, seconds: number }} _times since 1970, and on the time line */
  came(_times) {}

  /** An append or a removal is done. @param {number} _number of the last unit that was taken in, 0 for none */
  appended(_number) {}

  tick() {}

  /** What comes now is of a place that was left. */
  get isStale() {
    return false;
  }

  /** Whether media is taken in now, or waits. */
  get wantsMore() {
    return true;
  }

  /** Ends the listeners that go with the connection. */
  get signal() {
    return this.#listening.signal;
  }

  /** Everything that came is taken in. */
  get isDrained() {
    return this.#queue.length === 0 && !this.#isRestarting;
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
  end(code) {
    if (this.#isEnded) return;
    this.close();
    this.events.ended(code);
  }

  /** @param {object} message */
  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  ping() {
    this.send({ ping: performance.now() });
  }

  /** What waits is not taken in any more. */
  forget() {
    this.#queue = [];
    this.#isRestarting = false;
  }

  /** The same, and what was taken in is removed. */
  restart() {
    this.#queue = [];
    this.#isRestarting = true;
    this.append();
  }

  /** @param {number} before seconds on the time line */
  trim(before) {
    if (this.#buffer && !this.#buffer.updating) this.#buffer.remove(0, before);
  }

  /** Only a source that is told to be at its end plays its last picture to the end. The next append opens it again. */
  finish() {
    if (this.source.readyState === 'open' && this.#buffer && !this.#buffer.updating) this.source.endOfStream();
  }

  /** Appends what waits and is wanted; called again when that is done. */
  append() {
    if (this.#isEnded || this.source.readyState === 'closed' || this.#buffer?.updating) return;
    try {
      if (this.#isRestarting) this.#reset();
      else this.#appendNext();
    } catch {
      this.end('decode-failed');
    }
  }

  /** @param {string} ticket */
  #listen(ticket) {
    const { signal } = this;
    this.socket.addEventListener('open', () => this.send({ ticket }), { signal });
    this.socket.addEventListener('message', ({ data }) => this.#take(data), { signal });
    this.socket.addEventListener('close', () => this.end('connection-lost'), { signal });
    this.source.addEventListener('sourceopen', () => this.append(), { signal });
    this.video.addEventListener('error', () => this.end('decode-failed'), { signal });
  }

  #tick() {
    if (performance.now() - this.#heardAt > SILENT_MS) this.end('connection-lost');
    else this.tick();
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    this.#heardAt = performance.now();
    if (typeof data === 'string') return this.told(JSON.parse(data));
    if (this.isStale) return;
    const bytes = new Uint8Array(data);
    if (bytes[0] === INIT) return this.#describe(bytes);
    const view = new DataView(data);
    this.came({ capturedMs: view.getFloat64(8), seconds: view.getFloat64(16) });
    this.#queue.push({ data: bytes.subarray(MEDIA_HEADER), number: view.getUint32(4) });
    this.append();
  }

  /** @param {Uint8Array} bytes */
  #describe(bytes) {
    const length = bytes[1] ?? 0;
    const mime = new TextDecoder().decode(bytes.subarray(2, 2 + length));
    const Source = /** @type {typeof MediaSource} */ (mediaSourceClass());
    if (!Source.isTypeSupported(mime)) return this.end('codec-unsupported');
    this.events.described(/mp4a|opus/.test(mime));
    this.#queue.push({ data: bytes.subarray(2 + length), number: 0, mime });
    this.append();
  }

  #reset() {
    this.#isRestarting = false;
    this.#appending = 0;
    // What follows is announced anew, also where it is of the same type.
    this.#mime = '';
    if (!this.#buffer) return this.append();
    this.#buffer.abort();
    this.#buffer.remove(0, Infinity);
  }

  #appendNext() {
    const [first] = this.#queue;
    if (!first) return;
    if (first.mime !== undefined) this.#turnTo(first.mime);
    else if (!this.wantsMore) return;
    if (!this.#buffer) return;
    const parts = [];
    let bytes = 0;
    for (let next = this.#queue[0]; next && bytes < APPEND_BYTES; next = this.#queue[0]) {
      // Another type has to be announced first.
      if (parts.length > 0 && next.mime !== undefined) break;
      this.#queue.shift();
      parts.push(next.data);
      bytes += next.data.length;
      if (next.number > 0) this.#appending = next.number;
    }
    this.#buffer.appendBuffer(joined(parts, bytes));
  }

  /**
   * What follows is of this type: another resolution of the camera has another one.
   * @param {string} mime
   */
  #turnTo(mime) {
    if (this.#buffer && mime !== this.#mime) this.#buffer.changeType(mime);
    this.#mime = mime;
    this.#buffer ??= this.#open(mime);
  }

  /** @param {string} mime */
  #open(mime) {
    const buffer = this.source.addSourceBuffer(mime);
    const { signal } = this;
    buffer.addEventListener('updateend', () => this.#done(), { signal });
    buffer.addEventListener('error', () => this.end('decode-failed'), { signal });
    return buffer;
  }

  #done() {
    const number = this.#appending;
    this.#appending = 0;
    this.appended(number);
    this.append();
  }
}
