import type { Socket } from 'node:net';
import { Recording, type Sample } from './recording.js';
import { goodbye, interleaved, packetize, senderReport } from './replay-rtp.js';

export interface ReplayRunOptions {
  socket: Socket;
  rtp: number;
  rtcp: number;
  ssrc: number;
  /** Of the first packet. */
  sequence: number;
  samples: readonly Sample[];
  scale: number;
  cseq: number;
  /** Rate-Control is not `no`: in the time of the pictures. Else as fast as the socket and the device's disk let it. */
  paced: boolean;
  server: { sentBytes: number; readonly slowMs: number; options: { hangsUp?: boolean } };
}

/** One PLAY from its first picture to the end or to `stop`. */
export class ReplayRun {
  sequence: number;
  /** Resolves when everything was sent. */
  readonly ended: Promise<void>;
  #done: () => void = () => undefined;
  #index = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #dueAt = performance.now();

  constructor(readonly options: ReplayRunOptions) {
    this.sequence = options.sequence;
    this.ended = new Promise((resolve) => (this.#done = resolve));
    const [first] = options.samples;
    if (first) options.socket.write(interleaved(options.rtcp, senderReport(options.ssrc, first.atMs)));
    this.#timer = setTimeout(() => this.#step(), 0);
  }

  /** Of the next picture. */
  get positionMs(): number | undefined {
    return this.options.samples[this.#index]?.atMs;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #step(): void {
    const { samples, socket, paced, server } = this.options;
    while (!this.#stopped) {
      const sample = samples[this.#index];
      if (!sample) return this.#end();
      const taken = this.#send(sample);
      const waitMs = paced ? this.#waitMs() : server.slowMs;
      if (!taken) return void socket.once('drain', () => this.#step());
      if (waitMs > 0) return void (this.#timer = setTimeout(() => this.#step(), waitMs));
    }
  }

  #send(sample: Sample): boolean {
    const { samples, ssrc, cseq, scale, socket, rtp, server } = this.options;
    const before = samples[this.#index - 1];
    const next = samples[++this.#index];
    const jumps = (one: Sample, other: Sample): boolean => Recording.isGap(one, other) || other.atMs < one.atMs;
    const marks = {
      cseq,
      ends: next === undefined || (scale > 0 && jumps(sample, next)),
      discontinuity: before === undefined || jumps(before, sample),
    };
    const packets = packetize(sample, this.sequence, ssrc, marks);
    this.sequence = (this.sequence + packets.length) & 0xffff;
    const data = Buffer.concat(packets.map((packet) => interleaved(rtp, packet)));
    server.sentBytes += data.length;
    return socket.write(data);
  }

  /** A gap takes no time. */
  #waitMs(): number {
    const [sample, next] = this.options.samples.slice(this.#index - 1, this.#index + 1);
    if (!sample || !next) return 0;
    const apartMs = Recording.isGap(sample, next) ? 40 : Math.abs(next.atMs - sample.atMs);
    this.#dueAt += Math.min(apartMs, 1000) / Math.abs(this.options.scale);
    return this.#dueAt - performance.now();
  }

  #end(): void {
    const { socket, rtcp, ssrc, server } = this.options;
    if (server.options.hangsUp) socket.end();
    else socket.write(interleaved(rtcp, goodbye(ssrc)));
    this.#done();
  }
}
