import type { Duplex } from 'node:stream';
import type { AccessUnit, SenderReport } from '../access-unit.js';
import { asMediaError, MediaError } from '../errors.js';
import type { HubState, Outlet, Subscription } from '../hub/hub.js';
import { formatDescription } from '../stream-description.js';
import { AckWindow, type AckWindowOptions } from './ack-window.js';
import type { Feed } from './feed.js';
import { encodeFrame, frameType, LinkDecoder, type LinkFrame } from './frame.js';
import { linger } from './linger.js';
import { encodeMessage, linkVersion, readMessage, type LinkRequest } from './link-message.js';
import { encodeUnit } from './media-frame.js';
import type { ReplaySource } from '../replay/replay-source.js';
import { ReplayOutlet } from './replay-outlet.js';

export interface LinkOutletOptions extends AckWindowOptions {
  /** The first frame must have come by then. */
  openTimeoutMs: number;
  /** A receiver that acknowledges nothing for this long is cut. */
  stalledMs: number;
  /** STATE is repeated this often, so that the receiver sees a dead path. */
  heartbeatMs: number;
  /** Of a replay: bytes on their way beyond which the device is read no further. */
  replayWindowBytes: number;
}

/** One link at the site: reads OPEN, then sends what the feed delivers as far as the ACK window allows. */
export class LinkOutlet implements Outlet {
  readonly #decoder = new LinkDecoder();
  readonly #window: AckWindow;
  readonly #ended: Promise<MediaError>;
  #end: (error: MediaError) => void = () => undefined;
  #opened: (request: LinkRequest) => void = () => undefined;
  #isOpen = false;
  #feed: Feed | undefined;
  #subscription: Subscription | undefined;
  #replay: ReplayOutlet | undefined;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;
  /** Indices of the video tracks: after a drop the stream goes on with one of their keyframes. */
  #video = new Set<number>();
  /** Tracks of which units were left out since the last one that was sent: a drop ends for each with a unit of its own. */
  readonly #cut = new Set<number>();
  /** Indices of the sound that goes with them. */
  #sound = new Set<number>();

  constructor(
    readonly socket: Duplex,
    readonly options: LinkOutletOptions,
  ) {
    this.#window = new AckWindow(options);
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    socket.on('error', (error) => this.#finish(asMediaError(error, 'link-closed')));
    const closed = (): void => this.#finish(new MediaError('link-closed', 'The other redirector closed the link'));
    socket.on('end', closed);
    socket.on('close', closed);
  }

  /** Waits for OPEN. */
  async request(): Promise<LinkRequest> {
    const opened = new Promise<LinkRequest>((resolve) => (this.#opened = resolve));
    const expire = (): void => this.#finish(new MediaError('link-timeout', 'No OPEN in time'));
    this.#timer = setTimeout(expire, this.options.openTimeoutMs);
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    const request = await Promise.race([opened, this.#ended]);
    clearTimeout(this.#timer);
    if (request instanceof MediaError) throw request;
    return request;
  }

  /** Streams until the link ends; resolves with the reason. */
  async serve(feed: Feed): Promise<MediaError> {
    const description = await Promise.race([feed.describe(), this.#ended]);
    if (description instanceof MediaError || this.#finished) return this.#ended;
    this.#feed = feed;
    const indices = (kind: string): number[] =>
      description.tracks.filter((track) => track.kind === kind).map((track) => track.index);
    this.#video = new Set(indices('video'));
    this.#sound = new Set(this.#video.size > 0 ? indices('audio') : []);
    this.socket.write(encodeMessage(frameType.OPENED, { v: linkVersion, sdp: formatDescription(description, '0') }));
    this.#timer = setInterval(() => this.#beat(), this.options.heartbeatMs);
    this.#tellState();
    this.#subscription = feed.subscribe(this);
    const reason = await this.#ended;
    this.#subscription.close();
    return reason;
  }

  /** Replays until the link ends; resolves with the reason. */
  async serveReplay(source: ReplaySource): Promise<MediaError> {
    const write = (data: Buffer): void => void (this.#finished || this.socket.write(data));
    const fail = (code: string, detail: string): void => void this.fail(code, detail);
    const replay = new ReplayOutlet({ write, fail }, this.options);
    this.#replay = replay;
    const closed = new AbortController();
    void this.#ended.then(() => closed.abort());
    try {
      await replay.open(source, closed.signal);
      this.#timer = setInterval(() => replay.beat(), this.options.heartbeatMs);
      return await this.#ended;
    } finally {
      clearInterval(this.#timer);
      await replay.close();
    }
  }

  /** Tells a code to the other side and ends the link. */
  fail(code: string, detail: string): MediaError {
    const error = new MediaError('link-refused', detail, code);
    if (!this.#finished) this.socket.end(encodeMessage(frameType.ERROR, { code, detail }));
    this.#finish(error);
    return error;
  }

  bye(): void {
    if (!this.#finished) this.socket.end(encodeFrame({ type: frameType.BYE }));
    this.#finish(new MediaError('link-closed', 'Closed by us'));
  }

  unit(unit: AccessUnit): void {
    if (this.#finished) return;
    const starts = this.#video.size === 0 || (unit.key && this.#video.has(unit.track));
    const isBeside = this.#sound.has(unit.track);
    const admitted = isBeside ? this.#window.admitSound(unit.bytes) : this.#window.admit(unit.bytes, starts);
    if (admitted) this.socket.write(encodeUnit(unit, admitted.frameSeq, this.#cut.delete(unit.track)));
    else this.#cut.add(unit.track);
    this.#tellPressure();
  }

  report(report: SenderReport): void {
    if (this.#finished) return;
    const payload = Buffer.alloc(12);
    payload.writeBigUInt64BE(report.ntp, 0);
    payload.writeUInt32BE(report.timestamp, 8);
    this.socket.write(encodeFrame({ type: frameType.RTCP_SR, track: report.track }, payload));
  }

  state(state: HubState, error?: MediaError): void {
    if (this.#finished) return;
    const code = error?.remoteCode ?? error?.code ?? '';
    const hop = this.#window.figures;
    this.socket.write(encodeMessage(frameType.STATE, { state, code, hop, ...this.#feed?.rendition }));
  }

  rendition(): void {
    this.#tellState();
  }

  end(error: MediaError): void {
    this.fail(error.remoteCode ?? error.code, error.message);
  }

  #tellState(): void {
    const { state, error } = this.#feed!.sourceState;
    this.state(state, state === 'up' ? undefined : error);
  }

  #tellPressure(): void {
    const { ackAgeMs, dropEpisodes } = this.#window;
    this.#feed?.pressure?.({ ackAgeMs, dropEpisodes });
  }

  #beat(): void {
    if (this.#window.ackAgeMs > this.options.stalledMs) {
      this.#finish(new MediaError('viewer-stalled', 'The other redirector acknowledges nothing'));
    } else this.#tellState();
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#take(frame);
    } catch (error) {
      const { code, message } = asMediaError(error, 'link-malformed');
      this.fail(code, message);
    }
  }

  #take(frame: LinkFrame): void {
    if (!this.#isOpen) {
      if (frame.type !== frameType.OPEN) throw new MediaError('link-malformed', 'The first frame is not OPEN');
      this.#isOpen = true;
      this.#opened(readMessage(frame.payload, true, 'path', 'siteTicket', 'usage'));
    } else if (frame.type === frameType.BYE)
      this.#finish(new MediaError('link-closed', 'The other redirector said BYE'));
    else if (this.#replay) this.#replay.take(frame);
    else if (frame.type === frameType.ACK) this.#acknowledged(frame.frameSeq);
    else if (frame.type === frameType.KEYREQ) this.#feed?.requestKeyframe();
    else if (frame.type === frameType.CONTROL) this.fail('not-implemented', 'This stream is live');
  }

  #acknowledged(frameSeq: number): void {
    this.#window.acknowledge(frameSeq);
    this.#tellPressure();
  }

  #finish(error: MediaError): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#subscription?.close();
    linger(this.socket);
    this.#end(error);
  }
}
