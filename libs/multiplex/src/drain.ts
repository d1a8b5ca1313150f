import { goawayPayload } from './close-reason.js';
import type { DrainOptions } from './session-options.js';

/** The orderly end of a session from this side (SPEC.md 5.7): who may still open, and what it waits for. */
export class Drain {
  /** Payload of GOAWAY; said again after a lane's loss. */
  readonly goaway: Buffer;
  private released = false;
  private readonly timer: NodeJS.Timeout;

  /** @param end closes the session, harmless when repeated */
  constructor(
    private readonly options: DrainOptions,
    private readonly table: { readonly count: number; readonly lastAcceptedId: number },
    private readonly end: (code: 'drained' | 'drain-deadline') => void,
  ) {
    this.goaway = goawayPayload(options, table.lastAcceptedId);
    this.timer = setTimeout(() => end(table.count === 0 ? 'drained' : 'drain-deadline'), options.deadlineMs);
  }

  /** This end may open further channels. */
  get opens(): boolean {
    return this.options.stillOpens ?? false;
  }

  /** From now on it ends with its last channel. */
  release(): void {
    this.released = true;
    this.settle();
  }

  /** Ends it when nothing is left to wait for. */
  settle(): void {
    const waits = !this.released && (this.options.waitsForRelease ?? false);
    if (!waits && this.table.count === 0) this.end('drained');
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
