import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import type { OpenReplay, ReplayAnswer, ReplayRequest, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import { parseDescription, type StreamDescription } from '../stream-description.js';
import { encodeFrame, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import { encodeMessage, linkVersion, readMessage, type LinkRequest } from './link-message.js';
import type { LinkConnect } from './link-source.js';
import { linger } from './linger.js';
import { encodeControl, readControlAnswer, readPackets } from './replay-message.js';

export interface ReplayLinkOptions {
  /** Longest wait for OPENED. */
  openTimeoutMs: number;
  /** Without a frame for this long the link counts as dead, unless it is us who do not read. */
  silenceMs: number;
  /** Signs of life to the site. */
  heartbeatMs: number;
}

export const replayLinkDefaults: ReplayLinkOptions = { openTimeoutMs: 10_000, silenceMs: 8000, heartbeatMs: 2000 };

/** The cloud's end of a replay over the redirector link (LINK.md). */
export class ReplayLinkSource implements ReplaySource {
  readonly #options: ReplayLinkOptions;

  constructor(
    readonly connect: LinkConnect,
    options: Partial<ReplayLinkOptions> = {},
  ) {
    this.#options = { ...replayLinkDefaults, ...options };
  }

  async open(sink: ReplaySink, signal: AbortSignal): Promise<OpenReplay> {
    const { socket, request } = await this.connect(signal);
    const link = new ReplayLink(socket, sink, this.#options);
    const abort = (): void => link.finish(new MediaError('link-closed', 'Closed while opening'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await link.open(request);
      return link;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

interface Waiting {
  answered: (answer: ReplayAnswer) => void;
  resolve: () => void;
  reject: (error: MediaError) => void;
}

class ReplayLink implements OpenReplay {
  description: StreamDescription = { name: '-', control: '', tracks: [] };
  readonly #decoder = new LinkDecoder();
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #opened: { resolve: () => void; reject: (error: MediaError) => void } | undefined;
  #isOpen = false;
  #isPaused = false;
  #closed = false;
  #finished: MediaError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastFrameAt = performance.now();
  #lastSeq = 0;

  constructor(
    readonly socket: Duplex,
    readonly sink: ReplaySink,
    readonly options: ReplayLinkOptions,
  ) {
    socket.on('error', (error) => this.finish(asMediaError(error, 'link-closed')));
    const closed = (): void => this.finish(new MediaError('link-closed', 'The site closed the link'));
    socket.on('end', closed);
    socket.on('close', closed);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  async open({ path, siteTicket, usage }: LinkRequest): Promise<void> {
    if (this.#finished) throw this.#finished;
    const expire = (): void =>
      this.finish(new MediaError('link-timeout', 'The site did not open the recording in time'));
    this.#timer = setTimeout(expire, this.options.openTimeoutMs);
    const opened = new Promise<void>((resolve, reject) => (this.#opened = { resolve, reject }));
    this.socket.write(encodeMessage(frameType.OPEN, { v: linkVersion, path, siteTicket, usage }));
    await opened;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#beat(), this.options.heartbeatMs);
  }

  request(request: ReplayRequest, answered: (answer: ReplayAnswer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#finished) return reject(this.#finished);
      const id = this.#nextId++;
      this.#waiting.set(id, { answered, resolve, reject });
      this.socket.write(encodeControl({ id, ...request }));
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#lastFrameAt = performance.now();
    this.socket.resume();
  }

  close(): Promise<void> {
    this.#closed = true;
    if (!this.#finished) this.socket.end(encodeFrame({ type: frameType.BYE }));
    this.finish(new MediaError('link-closed', 'Closed by us'));
    return Promise.resolve();
  }

  finish(error: MediaError): void {
    if (this.#finished) return;
    this.#finished = error;
    clearTimeout(this.#timer);
    linger(this.socket);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    if (!this.#isOpen) this.#opened?.reject(error);
    else if (!this.#closed) this.sink.ended(error);
  }

  #beat(): void {
    const silentMs = performance.now() - this.#lastFrameAt;
    if (!this.#isPaused && silentMs > this.options.silenceMs)
      this.finish(new MediaError('link-timeout', `No frame for ${this.options.silenceMs} ms`));
    else this.socket.write(encodeFrame({ type: frameType.ACK, frameSeq: this.#lastSeq }));
  }

  #read(chunk: Buffer): void {
    this.#lastFrameAt = performance.now();
    const before = this.#lastSeq;
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#finished) return;
        this.#take(frame);
      }
      if (this.#lastSeq !== before && !this.#finished)
        this.socket.write(encodeFrame({ type: frameType.ACK, frameSeq: this.#lastSeq }));
    } catch (error) {
      this.finish(asMediaError(error, 'link-malformed'));
    }
  }

  #take(frame: LinkFrame): void {
    switch (frame.type) {
      case frameType.OPENED:
        this.description = parseDescription(readMessage(frame.payload, true, 'sdp').sdp);
        this.#isOpen = true;
        this.#opened?.resolve();
        break;
      case frameType.MEDIA:
        this.#assertTrack(frame);
        this.sink.packets(frame.track, readPackets(frame));
        break;
      case frameType.RTCP:
        this.#assertTrack(frame);
        this.sink.control(frame.track, frame.payload);
        break;
      case frameType.CONTROL:
        this.#answered(frame.payload);
        break;
      case frameType.ERROR: {
        const { code, detail } = readMessage(frame.payload, false, 'code', 'detail');
        throw new MediaError('link-refused', detail, code);
      }
      case frameType.BYE:
        throw new MediaError('link-closed', 'The site said BYE');
      default:
        // A later version may send types that are unknown here: they are skipped by their length.
        break;
    }
  }

  #assertTrack(frame: LinkFrame): void {
    if (!this.#isOpen || frame.track >= this.description.tracks.length)
      throw new MediaError('link-malformed', 'Media of an unknown track');
    this.#lastSeq = frame.frameSeq;
  }

  #answered(payload: Buffer): void {
    const { id, ...answer } = readControlAnswer(payload);
    const waiting = this.#waiting.get(id);
    if (!waiting) throw new MediaError('link-malformed', 'An answer that nobody waits for');
    this.#waiting.delete(id);
    waiting.answered(answer);
    waiting.resolve();
  }
}
