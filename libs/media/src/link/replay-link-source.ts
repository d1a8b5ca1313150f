import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';
import type { OpenReplay, ReplayAnswer, ReplayRequest, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import type { StreamDescription } from '../stream-description.js';
import { CloudLink, type LinkConnect, openLink } from './cloud-link.js';
import { encodeFrame, frameType, type LinkFrame } from './frame.js';
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
    const make = (socket: Duplex): ReplayLink => new ReplayLink(socket, sink, this.#options);
    const aborted = (): MediaError => new MediaError('link-closed', 'Closed while opening');
    const { link, description } = await openLink(this.connect, signal, make, aborted);
    link.description = description;
    return link;
  }
}

interface Waiting {
  answered: (answer: ReplayAnswer) => void;
  resolve: () => void;
  reject: (error: MediaError) => void;
}

class ReplayLink extends CloudLink implements OpenReplay {
  description: StreamDescription = { name: '-', control: '', tracks: [] };
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #isPaused = false;
  #lastSeq = 0;
  #acknowledgedSeq = 0;

  constructor(
    socket: Duplex,
    private readonly sink: ReplaySink,
    { openTimeoutMs, silenceMs, heartbeatMs }: ReplayLinkOptions,
  ) {
    super(socket, { openTimeoutMs, silenceMs, beatMs: heartbeatMs });
  }

  request(request: ReplayRequest, answered: (answer: ReplayAnswer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.finished) return reject(this.finished);
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
    this.heard();
    this.socket.resume();
  }

  protected override get isHeld(): boolean {
    return this.#isPaused;
  }

  protected override finishing(error: MediaError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  protected ended(error: MediaError): void {
    this.sink.ended(error);
  }

  /** A sign of life. */
  protected override beat(): void {
    this.#acknowledge();
  }

  protected taken(): void {
    if (this.#lastSeq !== this.#acknowledgedSeq) this.#acknowledge();
  }

  protected take(frame: LinkFrame): void {
    switch (frame.type) {
      case frameType.MEDIA:
        this.#count(frame);
        this.sink.packets(frame.track, readPackets(frame));
        break;
      case frameType.RTCP:
        this.#count(frame);
        this.sink.control(frame.track, frame.payload);
        break;
      case frameType.CONTROL:
        this.#answered(frame.payload);
        break;
      default:
        // A later version may send types that are unknown here: they are skipped by their length.
        break;
    }
  }

  #count(frame: LinkFrame): void {
    this.assertTrack(frame);
    this.#lastSeq = frame.frameSeq;
  }

  #acknowledge(): void {
    this.#acknowledgedSeq = this.#lastSeq;
    this.socket.write(encodeFrame({ type: frameType.ACK, frameSeq: this.#lastSeq }));
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
