import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';
import { EarlyEvents } from '../source/early-events.js';
import type { OpenSource, Source, SourceListener } from '../source/source.js';
import { CloudLink, type LinkConnect, openLink } from './cloud-link.js';
import { encodeFrame, frameType, type LinkFrame } from './frame.js';
import type { HopFigures } from './hop-figures.js';
import { readState } from './link-message.js';
import { UnitAssembler } from './media-frame.js';

export interface LinkSourceOptions {
  /** Longest wait for OPENED. */
  openTimeoutMs: number;
  /** Without a frame for this long the link counts as dead. */
  silenceMs: number;
  maxUnitBytes: number;
}

export const linkSourceDefaults: LinkSourceOptions = { openTimeoutMs: 10_000, silenceMs: 8000, maxUnitBytes: 9 << 20 };

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
    const early = new EarlyEvents(listener);
    const make = (socket: Duplex): LiveLink => {
      this.hop = undefined;
      return new LiveLink(socket, early, this.#options, (hop) => (this.hop = hop));
    };
    const aborted = (): MediaError => new MediaError('hub-closed', 'Closed while opening');
    const { link, description } = await openLink(this.connect, signal, make, aborted);
    setImmediate(() => early.release());
    return { description, requestKeyframe: () => link.requestKeyframe(), close: () => link.close() };
  }
}

class LiveLink extends CloudLink {
  readonly #units: UnitAssembler;
  /** With which a unit became whole, of the chunk that is read. */
  #last: LinkFrame | undefined;

  constructor(
    socket: Duplex,
    private readonly listener: SourceListener,
    { openTimeoutMs, silenceMs, maxUnitBytes }: LinkSourceOptions,
    private readonly onHop: (hop: HopFigures) => void,
  ) {
    super(socket, { openTimeoutMs, silenceMs, beatMs: silenceMs / 4 });
    this.#units = new UnitAssembler(maxUnitBytes);
  }

  requestKeyframe(): void {
    if (!this.finished) this.socket.write(encodeFrame({ type: frameType.KEYREQ }));
  }

  /** One acknowledgement answers all units of a chunk. */
  protected taken(): void {
    if (!this.#last) return;
    const { frameSeq, captureUs } = this.#last;
    this.#last = undefined;
    this.socket.write(encodeFrame({ type: frameType.ACK, frameSeq, captureUs }));
  }

  protected ended(error: MediaError): void {
    this.listener.ended(error);
  }

  protected take(frame: LinkFrame): void {
    switch (frame.type) {
      case frameType.MEDIA: {
        this.assertTrack(frame);
        const unit = this.#units.push(frame);
        if (!unit) break;
        this.#last = frame;
        this.listener.unit(unit);
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
      default:
        // A later version may send types that are unknown here: they are skipped by their length.
        break;
    }
  }
}
