import { once } from 'node:events';
import WebSocket from 'ws';
import { Acknowledger } from '../../../apps/video-redirector/web/acknowledger.mjs';
import { ageOfStamp } from './stamp.mjs';

const MEDIA = 2;
const [KEY, DISCONTINUITY] = [1, 2];
const OPEN_MS = 20_000;
/** The page's own. */
const TICK_MS = 200;

/** The page's player over its WebSocket without a decoder: it takes each fragment in at once, and acknowledges as the page does. */
export class SocketPlayer {
  /** @param {string} playUrl address of the page, with a ticket */
  constructor(playUrl) {
    const page = new URL(playUrl);
    this.ticket = page.searchParams.get('ticket');
    this.socket = new WebSocket(`ws://${page.host}${page.pathname}/stream`, { perMessageDeflate: false });
    this.socket.on('error', () => undefined);
    this.bytes = 0;
    this.gaps = 0;
    /** @type {number[]} */
    this.delays = [];
    this.isCounting = false;
    this.firstMs = Number.NaN;
    this.playedAt = 0;
    this.acknowledger = new Acknowledger();
    this.timer = setInterval(() => this.acknowledge(this.acknowledger.due(performance.now())), TICK_MS);
  }

  async setUp() {
    await once(this.socket, 'open', { signal: AbortSignal.timeout(OPEN_MS) });
  }

  play() {
    this.playedAt = performance.now();
    this.socket.on('message', (data, isBinary) => this.take(/** @type {Buffer} */ (data), isBinary));
    this.socket.send(JSON.stringify({ ticket: this.ticket }));
  }

  /**
   * @param {Buffer} data
   * @param {boolean} isBinary
   */
  take(data, isBinary) {
    this.bytes += data.length;
    if (!isBinary || data[0] !== MEDIA) return;
    this.acknowledge(this.acknowledger.taken(data.readUInt32BE(4), performance.now()));
    if (this.isCounting) return;
    if ((data[1] & DISCONTINUITY) !== 0) this.gaps++;
    const age = ageOfStamp(data);
    if (age !== undefined) this.delays.push(age);
    if ((data[1] & KEY) === 0 || !Number.isNaN(this.firstMs)) return;
    this.firstMs = performance.now() - this.playedAt;
    this.first?.();
  }

  /** @param {number | undefined} number */
  acknowledge(number) {
    if (number !== undefined && this.socket.readyState === WebSocket.OPEN) this.socket.send(`{"ack":${number}}`);
  }

  async untilFirst() {
    if (Number.isNaN(this.firstMs)) await new Promise((resolve) => (this.first = () => resolve(undefined)));
    return this.firstMs;
  }

  close() {
    clearInterval(this.timer);
    this.socket.terminate();
  }
}
