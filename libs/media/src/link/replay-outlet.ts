import { asMediaError, MediaError } from '../errors.js';
import type { OpenReplay, ReplaySink, ReplaySource } from '../replay/replay-source.js';
import { formatDescription } from '../stream-description.js';
import { nowUs } from '../wall-clock.js';
import { AckWindow } from './ack-window.js';
import { encodeFrame, frameType, type LinkFrame } from './frame.js';
import { encodeMessage, linkVersion } from './link-message.js';
import { encodeControl, encodePackets, maxPacketsBytes, packetCost, readControlRequest } from './replay-message.js';

/** What a replay needs of the link that it is sent over. */
export interface ReplayCarrier {
  write(data: Buffer): void;
  /** Ends the link with this code. */
  fail(code: string, detail: string): void;
}

export interface ReplayOutletOptions {
  /** Bytes on their way to the other redirector beyond which the device is read no further; half of it lets it go on. */
  replayWindowBytes: number;
  /** The other redirector gives a sign of life more often than this. */
  stalledMs: number;
}

const maxWaitingRequests = 16;

/** The site's end of a replay: passes requests to the device and its packets, all of them, to the other redirector. */
export class ReplayOutlet implements ReplaySink {
  /** Only counts: nothing is left out. */
  readonly #window = new AckWindow({ maxAckAgeMs: Infinity, maxInFlightBytes: Infinity });
  #batch: Buffer[] = [];
  #batchTrack = 0;
  #batchBytes = 0;
  #replay: OpenReplay | undefined;
  #isPaused = false;
  #waiting = 0;
  #requests: Promise<void> = Promise.resolve();
  #lastFrameAt = performance.now();
  #end: MediaError | undefined;

  constructor(
    readonly carrier: ReplayCarrier,
    readonly options: ReplayOutletOptions,
  ) {}

  /** Rejects with what the device said. */
  async open(source: ReplaySource, signal: AbortSignal): Promise<void> {
    this.#replay = await source.open(this, signal);
    const { description } = this.#replay;
    const sdp = formatDescription(description, '0', description.ranges);
    this.carrier.write(encodeMessage(frameType.OPENED, { v: linkVersion, sdp }));
  }

  take(frame: LinkFrame): void {
    this.#lastFrameAt = performance.now();
    if (frame.type === frameType.CONTROL) this.#enqueue(frame.payload);
    else if (frame.type === frameType.ACK) this.#acknowledged(frame.frameSeq);
  }

  /** Called now and then. */
  beat(): void {
    if (performance.now() - this.#lastFrameAt > this.options.stalledMs)
      this.carrier.fail('viewer-stalled', 'The other redirector gives no sign of life');
    else this.carrier.write(encodeMessage(frameType.STATE, { state: 'up', code: '' }));
  }

  packets(track: number, packets: Buffer[]): void {
    for (const packet of packets) {
      const cost = packetCost(packet);
      if (track !== this.#batchTrack || this.#batchBytes + cost > maxPacketsBytes) this.#flush();
      if (cost > maxPacketsBytes) continue;
      // All that one read of the device brought goes out in one write.
      if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
      this.#batchTrack = track;
      this.#batch.push(packet);
      this.#batchBytes += cost;
    }
  }

  control(track: number, packet: Buffer): void {
    this.#flush();
    if (packet.length > maxPacketsBytes) return;
    const frameSeq = this.#count(packet.length);
    this.carrier.write(encodeFrame({ type: frameType.RTCP, track, frameSeq, captureUs: nowUs() }, packet));
  }

  /** The link ends once everything has arrived. */
  ended(error: MediaError): void {
    this.#flush();
    this.#end = error;
    this.#endWhenEmpty();
  }

  async close(): Promise<void> {
    await this.#replay?.close();
  }

  #enqueue(payload: Buffer): void {
    const { id, ...request } = readControlRequest(payload);
    if (++this.#waiting > maxWaitingRequests) throw new MediaError('link-malformed', 'Too many requests wait');
    const asked = this.#requests.then(() =>
      this.#replay?.request(request, (answer) => {
        this.#flush();
        this.carrier.write(encodeControl({ id, ...answer }));
      }),
    );
    this.#requests = asked
      .catch((error: unknown) => {
        const { code, message } = asMediaError(error, 'source-failed');
        if (!this.#end) this.carrier.fail(code, message);
      })
      .finally(() => this.#waiting--);
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const frameSeq = this.#count(this.#batchBytes);
    this.carrier.write(encodePackets(this.#batchTrack, this.#batch, frameSeq, nowUs()));
    this.#batch = [];
    this.#batchBytes = 0;
  }

  #count(bytes: number): number {
    const { frameSeq } = this.#window.admit(bytes, false)!;
    if (!this.#isPaused && this.#window.inFlightBytes > this.options.replayWindowBytes) {
      this.#isPaused = true;
      this.#replay?.pause();
    }
    return frameSeq;
  }

  #acknowledged(frameSeq: number): void {
    this.#window.acknowledge(frameSeq);
    if (this.#isPaused && this.#window.inFlightBytes <= this.options.replayWindowBytes / 2) {
      this.#isPaused = false;
      this.#replay?.resume();
    }
    this.#endWhenEmpty();
  }

  #endWhenEmpty(): void {
    if (this.#end && this.#window.inFlightBytes === 0) this.carrier.fail(this.#end.code, this.#end.message);
  }
}
