import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Clock } from '../src/config.js';

/** What left an end in one write. */
interface Written {
  readonly atMs: number;
  readonly bytes: number;
}

/** jest's fake timers are the time of simulated lines. */
export const SIMULATED_CLOCK: Clock = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/** All that the ends of one site wrote, TLS records included. */
export class Wire {
  private readonly written: Written[] = [];

  /** One write of TLS 1.3: 22 bytes around each record. */
  note(bytes: number, recordBytes: number): void {
    this.written.push({ atMs: performance.now(), bytes: bytes + 22 * Math.ceil(bytes / recordBytes) });
  }

  between(fromMs: number, toMs: number): number {
    return this.written.reduce((sum, { atMs, bytes }) => (atMs >= fromMs && atMs < toMs ? sum + bytes : sum), 0);
  }

  /** The most that was written within any time of that length. */
  most(withinMs: number): number {
    let [first, sum, most] = [0, 0, 0];
    for (const { atMs, bytes } of this.written) {
      sum += bytes;
      for (; (this.written[first]?.atMs ?? atMs) <= atMs - withinMs; first += 1) sum -= this.written[first]?.bytes ?? 0;
      most = Math.max(most, sum);
    }
    return most;
  }
}

/**
 * One end of a connection of as much room as one likes: what a Session uses of a TLS socket, in simulated time and
 * without streams, whose ticks run on real ones. It takes everything at once, as a kernel with large buffers does.
 */
class SimulatedEnd extends EventEmitter {
  peer: SimulatedEnd | undefined;
  destroyed = false;
  readonly writable = true;
  readonly writableNeedDrain = false;
  readonly writableLength = 0;
  readonly readableEnded = false;
  /** Until when the line carries what was written so far. */
  private busyUntilMs = 0;
  private arrivesAtMs = 0;
  /** The receiver reads once in so many ms, as a busy machine does. */
  turnMs = 0;

  private recordBytes = 16_384;

  constructor(
    public delayMs: number,
    private readonly wire: Wire | undefined,
    public bytesPerMs: number,
  ) {
    super();
  }

  write(chunk: Buffer): boolean {
    if (this.destroyed) return true;
    this.wire?.note(chunk.length, this.recordBytes);
    for (let at = 0; at < chunk.length; at += this.recordBytes) this.carry(chunk.subarray(at, at + this.recordBytes));
    return true;
  }

  /** A record is read when all of it has arrived. */
  setMaxSendFragment(bytes: number): boolean {
    this.recordBytes = bytes;
    return true;
  }

  end(flushed?: () => void): void {
    flushed?.();
    this.destroy();
  }

  resume(): void {}

  /** Both ends learn of it at once, and what is on the way is lost. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    setTimeout(() => this.emit('close'), 0);
    this.peer?.destroy();
  }

  private carry(packet: Buffer): void {
    const now = performance.now();
    this.busyUntilMs = Math.max(now, this.busyUntilMs) + (packet.length + 22) / this.bytesPerMs;
    const arrive = (): void => {
      if (this.peer?.destroyed === false) this.peer.emit('data', packet);
    };
    const atMs = this.busyUntilMs + this.delayMs;
    const readAtMs = this.turnMs === 0 ? atMs : Math.ceil(atMs / this.turnMs) * this.turnMs;
    this.arrivesAtMs = Math.max(this.arrivesAtMs, readAtMs);
    setTimeout(arrive, this.arrivesAtMs - now);
  }
}

/**
 * @param wire takes down what the first end writes
 * @param bytesPerMs what the line carries from the first end
 * @returns both ends
 */
export function simulatedLine(delayMs: number, wire: Wire, bytesPerMs = Number.POSITIVE_INFINITY): [Duplex, Duplex] {
  const near = new SimulatedEnd(delayMs, wire, bytesPerMs);
  const far = new SimulatedEnd(delayMs, undefined, Number.POSITIVE_INFINITY);
  near.peer = far;
  far.peer = near;
  return [near as unknown as Duplex, far as unknown as Duplex];
}

/** What a line becomes while it is used. */
export interface LineChange {
  delayMs: number;
  bytesPerMs: number;
  turnMs: number;
}

/** Changes a simulated line for what is written from now on. */
export function changeLine([near, far]: readonly [Duplex, Duplex], { delayMs, bytesPerMs, turnMs }: LineChange): void {
  Object.assign(near, { delayMs, bytesPerMs, turnMs });
  Object.assign(far, { delayMs, turnMs });
}
