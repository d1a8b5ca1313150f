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

  /** One write of TLS 1.3: 22 bytes around each record of 16 KiB at most. */
  note(bytes: number): void {
    this.written.push({ atMs: performance.now(), bytes: bytes + 22 * Math.ceil(bytes / 16_384) });
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
 * without streams, whose ticks run on real ones. What was written while corked is one write.
 */
class SimulatedEnd extends EventEmitter {
  peer: SimulatedEnd | undefined;
  destroyed = false;
  readonly writable = true;
  readonly writableNeedDrain = false;
  readonly writableLength = 0;
  readonly readableEnded = false;
  private corked = false;
  private waiting: Buffer[] = [];

  constructor(
    private readonly delayMs: number,
    private readonly wire: Wire | undefined,
  ) {
    super();
  }

  cork(): void {
    this.corked = true;
  }

  uncork(): void {
    this.corked = false;
    this.flush();
  }

  write(chunk: Buffer): boolean {
    this.waiting.push(chunk);
    if (!this.corked) this.flush();
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

  private flush(): void {
    const chunks = this.waiting.splice(0);
    if (chunks.length === 0 || this.destroyed) return;
    this.wire?.note(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    setTimeout(() => {
      for (const chunk of chunks) if (this.peer?.destroyed === false) this.peer.emit('data', chunk);
    }, this.delayMs);
  }
}

/** @param wire takes down what the first end writes. @returns both ends */
export function simulatedLine(delayMs: number, wire: Wire): [Duplex, Duplex] {
  const [near, far] = [new SimulatedEnd(delayMs, wire), new SimulatedEnd(delayMs, undefined)];
  near.peer = far;
  far.peer = near;
  return [near as unknown as Duplex, far as unknown as Duplex];
}
