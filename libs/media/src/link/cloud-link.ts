import type { Duplex } from 'node:stream';
import { asMediaError, MediaError } from '../errors.js';
import { parseDescription, type StreamDescription } from '../stream-description.js';
import { encodeFrame, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import { encodeMessage, linkVersion, readMessage, type LinkRequest } from './link-message.js';
import { linger } from './linger.js';

export interface LinkConnection {
  /** Connected to the site's redirector, encrypted and pinned. */
  socket: Duplex;
  request: LinkRequest;
}

/** Called anew for every opening, because tickets and routes do not last. `signal` ends the dialling only: it may abort later, when the socket is in use. */
export type LinkConnect = (signal: AbortSignal) => Promise<LinkConnection>;

export interface CloudLinkLimits {
  /** Longest wait for OPENED. */
  openTimeoutMs: number;
  /** Without a frame for this long the link counts as dead. */
  silenceMs: number;
  /** How often it is looked after. */
  beatMs: number;
}

/** The cloud's end of one redirector link (LINK.md): the opening, the watch over silence and the end, whatever it carries. */
export abstract class CloudLink {
  readonly #decoder = new LinkDecoder();
  #opened: { resolve: (description: StreamDescription) => void; reject: (error: MediaError) => void } | undefined;
  #tracks: number | undefined;
  #finished: MediaError | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #lastFrameAt = performance.now();

  constructor(
    protected readonly socket: Duplex,
    private readonly limits: CloudLinkLimits,
  ) {
    socket.on('error', (error) => this.finish(asMediaError(error, 'link-closed')));
    const closed = (): void => this.finish(new MediaError('link-closed', 'The site closed the link'));
    socket.on('end', closed);
    socket.on('close', closed);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** @throws MediaError */
  async open({ path, siteTicket, usage }: LinkRequest): Promise<StreamDescription> {
    if (this.#finished) throw this.#finished;
    const expire = (): void => this.finish(new MediaError('link-timeout', 'The site did not open the stream in time'));
    this.#timer = setTimeout(expire, this.limits.openTimeoutMs);
    const opened = new Promise<StreamDescription>((resolve, reject) => (this.#opened = { resolve, reject }));
    this.socket.write(encodeMessage(frameType.OPEN, { v: linkVersion, path, siteTicket, usage }));
    const description = await opened;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#beat(), this.limits.beatMs);
    return description;
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
    this.finishing(error);
    if (this.#tracks === undefined) this.#opened?.reject(error);
    else if (!this.#closed) this.ended(error);
  }

  /** Why it is over; undefined as long as it is not. */
  protected get finished(): MediaError | undefined {
    return this.#finished;
  }

  /** A frame that is neither OPENED nor the end. @throws MediaError, which ends the link */
  protected abstract take(frame: LinkFrame): void;

  /** All frames of a chunk were taken. */
  protected abstract taken(): void;

  /** It ended, not by our own will, after it was open. */
  protected abstract ended(error: MediaError): void;

  /** It ends, however. */
  protected finishing(_error: MediaError): void {}

  /** Once in `beatMs` while it lives. */
  protected beat(): void {}

  /** Silence that is ours, because we do not read, is none of the site's. */
  protected get isHeld(): boolean {
    return false;
  }

  /** Counts as a frame. */
  protected heard(): void {
    this.#lastFrameAt = performance.now();
  }

  protected assertTrack({ track }: LinkFrame): void {
    if (this.#tracks === undefined || track >= this.#tracks)
      throw new MediaError('link-malformed', 'Media of an unknown track');
  }

  #beat(): void {
    const { silenceMs } = this.limits;
    if (!this.isHeld && performance.now() - this.#lastFrameAt >= silenceMs)
      this.finish(new MediaError('link-timeout', `No frame for ${silenceMs} ms`));
    else this.beat();
  }

  #read(chunk: Buffer): void {
    this.heard();
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#finished) return;
        this.#sort(frame);
      }
      if (!this.#finished) this.taken();
    } catch (error) {
      this.finish(asMediaError(error, 'link-malformed'));
    }
  }

  #sort(frame: LinkFrame): void {
    switch (frame.type) {
      case frameType.OPENED: {
        const description = parseDescription(readMessage(frame.payload, true, 'sdp').sdp);
        this.#tracks = description.tracks.length;
        this.#opened?.resolve(description);
        break;
      }
      case frameType.ERROR: {
        const { code, detail } = readMessage(frame.payload, false, 'code', 'detail');
        throw new MediaError('link-refused', detail, code);
      }
      case frameType.BYE:
        throw new MediaError('link-closed', 'The site said BYE');
      default:
        this.take(frame);
    }
  }
}

/**
 * Dials and opens a link; `signal` ends either.
 * @param make of the connected socket
 * @param aborted what the abort is told as
 * @throws MediaError
 */
export async function openLink<Link extends CloudLink>(
  connect: LinkConnect,
  signal: AbortSignal,
  make: (socket: Duplex) => Link,
  aborted: () => MediaError,
): Promise<{ link: Link; description: StreamDescription }> {
  const { socket, request } = await connect(signal);
  const link = make(socket);
  const abort = (): void => link.finish(aborted());
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return { link, description: await link.open(request) };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
