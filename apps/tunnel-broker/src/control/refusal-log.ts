import type { AppLogger } from '@app/runtime';
import type { LiveSession } from '../tunnel/session-registry.js';

const WINDOW_MS = 60_000;
/** Of one session in one window; what exceeds it is counted. */
const LINES = 5;

interface Window {
  /** Steady ms. */
  startedAt: number;
  lines: number;
  /** Refusals without a line since the last one that had one. */
  unlisted: number;
}

/** What agents asked in vain: an agent that asks without end must not fill the log. */
export class RefusalLog {
  private readonly windows = new WeakMap<LiveSession, Window>();

  constructor(
    private readonly logger: Pick<AppLogger, 'info'>,
    /** Steady ms. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  note(live: LiveSession, code: string): void {
    const window = this.windowOf(live);
    if (window.lines >= LINES) {
      window.unlisted += 1;
      return;
    }
    const { id: sessionId, agentId } = live;
    const { unlisted } = window;
    const more = unlisted === 0 ? {} : { unlisted };
    this.logger.info({ sessionId, agentId, code, ...more }, 'a request of an agent was refused');
    window.lines += 1;
    window.unlisted = 0;
  }

  private windowOf(live: LiveSession): Window {
    const known = this.windows.get(live);
    if (known !== undefined && this.now() - known.startedAt < WINDOW_MS) return known;
    const window = { startedAt: this.now(), lines: 0, unlisted: known?.unlisted ?? 0 };
    this.windows.set(live, window);
    return window;
  }
}
