import type { AppLogger } from '@app/runtime';

const WINDOW_MS = 10_000;
/** In one window; what exceeds it is counted: a flood must not become one of lines. */
const LINES = 20;

export interface TurnedAway {
  reason: string;
  peerAddress?: string | undefined;
}

/** Who was turned away at the door, and why: the first ones of each ten seconds by line, the others by number. */
export class TurnedAwayLog {
  private windowStart: number;
  private lines = 0;
  private readonly unlisted = new Map<string, number>();

  constructor(
    private readonly logger: Pick<AppLogger, 'info'>,
    /** Steady ms. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.windowStart = now();
  }

  note(one: TurnedAway): void {
    this.flush();
    this.lines += 1;
    if (this.lines <= LINES) this.logger.info(one, 'a connection was turned away');
    else this.unlisted.set(one.reason, (this.unlisted.get(one.reason) ?? 0) + 1);
  }

  /** To be called now and then, so that the numbers come also when the flood is over. */
  flush(): void {
    if (this.now() - this.windowStart < WINDOW_MS) return;
    this.windowStart = this.now();
    this.lines = 0;
    if (this.unlisted.size === 0) return;
    this.logger.info({ reasons: Object.fromEntries(this.unlisted) }, 'more connections were turned away');
    this.unlisted.clear();
  }
}
