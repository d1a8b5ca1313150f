import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import { EarlyEvents } from '../source/early-events.js';
import type { OpenSource, Source, SourceListener } from '../source/source.js';
import { parseDescription, type StreamDescription } from '../stream-description.js';
import { linger } from './linger.js';
import { encodeFrame, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import type { HopFigures } from './hop-figures.js';
import { encodeMessage, linkVersion, readMessage, readState, type LinkRequest } from './link-message.js';
import { UnitAssembler } from './media-frame.js';

export interface LinkSourceOptions {
  /** Longest wait for OPENED. */
  openTimeoutMs: number;
  /** Without a frame for this long the link counts as dead. */
  silenceMs: number;
  maxUnitBytes: number;
}

export const linkSourceDefaults: LinkSourceOptions = { openTimeoutMs: 10_000, silenceMs: 8000, maxUnitBytes: 9 << 20 };

export interface LinkConnection {
  /** Connected to the site's redirector, encrypted and pinned. */
  socket: Duplex;
  request: LinkRequest;
}

/** Called anew for every opening, because tickets and routes do not last. `signal` ends the dialling only: it may abort later, when the socket is in use. */
export type LinkConnect = (signal: AbortSignal) => Promise<LinkConnection>;

/** The cloud's end of the redirector link (LINK.md): a stream that the site's redirector sends. */
export class LinkSource implements Source {
  readonly #options: LinkSourceOptions;
  /** As the site last told; undefined while no link is open, or where the site tells nothing. */
  hop: HopFigures | undefined;

  constructor(
    readonly connect: LinkConnect,
    options: Partial<LinkSourceOptions> = {},
  ) {
    this.#options = { ...linkSourceDefaults, ...options };
  }

  async open(listener: SourceListener, signal: AbortSignal): Promise<OpenSource> {
    const { socket, request } = await this.connect(signal);
    const early = new EarlyEvents(listener);
    this.hop = undefined;
    const link = new OpenLink(socket, early, this.#options, (hop) => (this.hop = hop));
    const abort = (): void => link.finish(new MediaError('hub-closed', 'Closed while opening'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const description = await link.open(request);
      setImmediate(() => early.release());
      return {
        description,
        requestKeyframe: () => link.requestKeyframe(),
        close: () => Promise.resolve(link.close()),
      };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

class OpenLink {
  readonly #decoder = new LinkDecoder();
  readonly #units: UnitAssembler;
  readonly #opened: Promise<StreamDescription>;
  #resolve: (description: StreamDescription) => void = () => undefined;
  #reject: (error: MediaError) => void = () => undefined;
  #tracks: number | undefined;
  #finished = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #lastFrameAt = performance.now();

  constructor(
    readonly socket: Duplex,
    readonly listener: SourceListener,
    readonly options: LinkSourceOptions,
    readonly onHop: (hop: HopFigures) => void,
  ) {
    this.#units = new UnitAssembler(options.maxUnitBytes);
    this.#opened = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    socket.on('error', (error) => this.finish(asMediaError(error, 'link-closed')));
    const closed = (): void => this.finish(new MediaError('link-closed', 'The site closed the link'));
    socket.on('end', closed);
    socket.on('close', closed);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  async open(request: LinkRequest): Promise<StreamDescription> {
    const expire = (): void => this.finish(new MediaError('link-timeout', 'The site did not open the stream in time'));
    this.#timer = setTimeout(expire, this.options.openTimeoutMs);
    const { path, siteTicket, usage } = request;
    if (!this.#finished) this.socket.write(encodeMessage(frameType.OPEN, { v: linkVersion, path, siteTicket, usage }));
    const description = await this.#opened;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#watch(), this.options.silenceMs / 4);
    return description;
  }

  requestKeyframe(): void {
    if (!this.#finished) this.socket.write(encodeFrame({ type: frameType.KEYREQ }));
  }

  close(): void {
    this.#closed = true;
    if (!this.#finished) this.socket.end(encodeFrame({ type: frameType.BYE }));
    this.finish(new MediaError('link-closed', 'Closed by us'));
  }

  finish(error: MediaError): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    linger(this.socket);
    if (this.#tracks === undefined) this.#reject(error);
    else if (!this.#closed) this.listener.ended(error);
  }

  #watch(): void {
    if (performance.now() - this.#lastFrameAt < this.options.silenceMs) return;
    this.finish(new MediaError('link-timeout', `No frame for ${this.options.silenceMs} ms`));
  }

  #read(chunk: Buffer): void {
    this.#lastFrameAt = performance.now();
    try {
      this.#takeAll(chunk);
    } catch (error) {
      this.finish(asMediaError(error, 'link-malformed'));
    }
  }

  /** One acknowledgement answers all units of a chunk. */
  #takeAll(chunk: Buffer): void {
    let last: LinkFrame | undefined;
    for (const frame of this.#decoder.push(chunk)) {
      if (this.#finished) return;
      if (frame.type !== frameType.MEDIA) this.#take(frame);
      else if (this.#media(frame)) last = frame;
    }
    if (!last || this.#finished) return;
    const { frameSeq, captureUs } = last;
    this.socket.write(encodeFrame({ type: frameType.ACK, frameSeq, captureUs }));
  }

  /** True when a unit is whole. */
  #media(frame: LinkFrame): boolean {
    if (this.#tracks === undefined || frame.track >= this.#tracks)
      throw new MediaError('link-malformed', 'Media of an unknown track');
    const unit = this.#units.push(frame);
    if (unit) this.listener.unit(unit);
    return unit !== undefined;
  }

  #take(frame: LinkFrame): void {
    switch (frame.type) {
      case frameType.OPENED: {
        const description = parseDescription(readMessage(frame.payload, true, 'sdp').sdp);
        this.#tracks = description.tracks.length;
        this.#resolve(description);
        break;
      }
      case frameType.RTCP_SR: {
        if (frame.payload.length < 12) throw new MediaError('link-malformed', 'A sender report is cut short');
        const ntp = frame.payload.readBigUInt64BE(0);
        this.listener.report({ track: frame.track, ntp, timestamp: frame.payload.readUInt32BE(8) });
        break;
      }
      case frameType.STATE: {
        const { isUp, code, rendition, hop } = readState(frame.payload);
        this.listener.sourceState?.(isUp, code);
        if (rendition) this.listener.rendition?.(rendition);
        if (hop) this.onHop(hop);
        break;
      }
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
}
