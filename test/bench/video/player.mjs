import { once } from 'node:events';
import { connect } from 'node:net';
import { ageMs, stampOf } from './stamp.mjs';

const DOLLAR = 0x24;
const PAYLOAD_START = 12;
const FRAGMENT = 28;
const SEI = 6;
const IDR = 5;
/** Of RTP's clock, between two pictures. */
const FRAME_TICKS = 3_600;
const ANSWER_MS = 20_000;

/** An RTSP player over interleaved TCP that decodes nothing: it times pictures and looks at their numbers. */
export class Player {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    this.bytes = 0;
    this.gaps = 0;
    /** @type {number[]} ms from the camera to the last packet of each picture */
    this.delays = [];
    this.pictures = 0;
    /** ms from PLAY to the end of the first keyframe */
    this.firstMs = Number.NaN;
    this.isCounting = false;
    this.playedAt = 0;
    /** @type {number | undefined} */
    this.expected = undefined;
    this.isKey = false;
    this.sentAt = 0n;
    /** Of the last picture. @type {number | undefined} */
    this.timestamp = undefined;
    /** Pictures left out by the redirectors, which number what they send without a gap; and how often it went on otherwise than with a keyframe. */
    this.jumps = { count: 0, notAtKey: 0, backwards: 0, longestMs: 0 };
    this.isClosed = false;
    /** @type {Buffer} */
    this.rest = Buffer.alloc(0);
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on('error', () => undefined);
    this.socket.once('close', () => (this.isClosed = true));
  }

  /** DESCRIBE and SETUP; a cold stream is opened by them. */
  async setUp() {
    await once(this.socket, 'connect');
    const [path, query] = this.url.split('?');
    const search = query ? `?${query}` : '';
    const described = await this.ask(`DESCRIBE ${this.url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
    const [, control = 'trackID=0'] = /m=video[^]*?a=control:(\S+)/.exec(described) ?? [];
    const target = control.includes('://') ? control : `${path}${search}/${control}`;
    const transport = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1';
    const answer = await this.ask(`SETUP ${target} RTSP/1.0\r\nCSeq: 2\r\n${transport}\r\n\r\n`);
    this.session = /Session: ([^;\r]+)/.exec(answer)?.[1] ?? '';
    if (this.session === '') throw new Error(`SETUP: ${answer.split('\r\n')[0]}`);
  }

  /** @param {{ isStuck?: boolean }} [options] isStuck: what comes is never read */
  play({ isStuck = false } = {}) {
    this.playedAt = performance.now();
    this.socket.write(`PLAY ${this.url.split('?')[0]} RTSP/1.0\r\nCSeq: 3\r\nSession: ${this.session}\r\n\r\n`);
    if (isStuck) this.socket.pause();
    else this.socket.on('data', (chunk) => this.read(chunk));
  }

  /** @param {string} request */
  async ask(request) {
    this.socket.write(request);
    let text = '';
    const isWhole = () => {
      const end = text.indexOf('\r\n\r\n');
      return end >= 0 && text.length >= end + 4 + Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    };
    while (!isWhole()) {
      const [chunk] = await once(this.socket, 'data', { signal: AbortSignal.timeout(ANSWER_MS) });
      text += String(chunk);
    }
    return text;
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    this.bytes += chunk.length;
    if (this.isCounting) return;
    this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    for (;;) {
      const size = this.itemBytes();
      if (size === 0 || this.rest.length < size) return;
      if (this.rest[0] === DOLLAR && this.rest[1] === 0) this.packet(this.rest.subarray(4, size));
      this.rest = this.rest.subarray(size);
    }
  }

  /** Of the frame or the answer that begins the rest; 0 when more is needed to tell. */
  itemBytes() {
    if (this.rest.length < 4) return 0;
    if (this.rest[0] === DOLLAR) return 4 + this.rest.readUInt16BE(2);
    const end = this.rest.indexOf('\r\n\r\n');
    return end < 0 ? 0 : end + 4;
  }

  /** @param {Buffer} packet */
  packet(packet) {
    const sequence = packet.readUInt16BE(2);
    if (this.expected !== undefined && sequence !== this.expected) this.gaps++;
    this.expected = (sequence + 1) & 0xffff;
    const first = packet[PAYLOAD_START] & 0x1f;
    const type = first === FRAGMENT ? packet[PAYLOAD_START + 1] & 0x1f : first;
    if (type === SEI) this.sentAt = stampOf(packet, PAYLOAD_START) ?? this.sentAt;
    if (type === 1 || type === IDR) this.isKey = type === IDR;
    if ((packet[1] & 0x80) !== 0) this.pictureDone(packet.readUInt32BE(4));
  }

  /** @param {number} timestamp */
  pictureDone(timestamp) {
    this.pictures++;
    if (this.sentAt !== 0n) this.delays.push(ageMs(this.sentAt));
    this.follow(timestamp);
    if (!this.isKey || !Number.isNaN(this.firstMs)) return;
    this.firstMs = performance.now() - this.playedAt;
    this.first?.();
  }

  /** @param {number} timestamp */
  follow(timestamp) {
    const ticks = this.timestamp === undefined ? FRAME_TICKS : (timestamp - this.timestamp) | 0;
    this.timestamp = timestamp;
    if (ticks <= 0) this.jumps.backwards++;
    if (ticks <= FRAME_TICKS * 1.5) return;
    this.jumps.count++;
    this.jumps.longestMs = Math.max(this.jumps.longestMs, ticks / 90);
    if (!this.isKey) this.jumps.notAtKey++;
  }

  /** Resolves with the end of the first keyframe. */
  async untilFirst() {
    if (Number.isNaN(this.firstMs)) await new Promise((resolve) => (this.first = () => resolve(undefined)));
    return this.firstMs;
  }

  close() {
    this.socket.destroy();
  }
}
