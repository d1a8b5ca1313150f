import type { Clock } from './config.js';

export interface LivenessOptions {
  readonly pingIntervalMs: number;
  readonly deadAfterMs: number;
  readonly clock: Clock;
  /** When the last byte of any kind arrived, steady ms. */
  readonly lastReceivedAt: () => number;
  /** For how long nothing of what we sent has been acknowledged; 0 when nothing waits. */
  readonly stalledMs?: () => number;
  readonly ping: (token: number) => void;
  readonly dead: () => void;
}

/** Weight of the newest sample in the smoothed round-trip time, as in RFC 6298. */
const SMOOTHING = 1 / 8;

/**
 * Pings on an interval with jitter; any received byte counts as life, so a busy link is never cut by a late PONG.
 * At most one PING is outstanding.
 */
export class Liveness {
  rttMs: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private check: NodeJS.Immediate | undefined;
  private token = 0;
  private pingSentAt: number | undefined;

  constructor(private readonly options: LivenessOptions) {}

  start(): void {
    this.sendPing();
    this.arm();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.check);
    this.timer = undefined;
  }

  /** Out of turn, unless one is outstanding. */
  ping(): void {
    if (this.pingSentAt === undefined) this.sendPing();
  }

  /** @returns the round-trip time, as in `rttMs` smoothed, or undefined when the token is not of the outstanding PING. */
  pong(token: number): number | undefined {
    if (this.pingSentAt === undefined || token !== this.token) return undefined;
    const sample = this.options.clock.steadyMs() - this.pingSentAt;
    this.pingSentAt = undefined;
    this.rttMs = this.rttMs === undefined ? sample : this.rttMs + SMOOTHING * (sample - this.rttMs);
    return sample;
  }

  private get silentMs(): number {
    const { clock, lastReceivedAt, stalledMs } = this.options;
    return Math.max(clock.steadyMs() - lastReceivedAt(), stalledMs?.() ?? 0);
  }

  private arm(): void {
    const { pingIntervalMs, deadAfterMs } = this.options;
    const jittered = pingIntervalMs * (0.9 + 0.2 * Math.random());
    const waitMs = Math.max(1, Math.min(jittered, deadAfterMs - this.silentMs));
    this.timer = setTimeout(() => this.tick(), waitMs).unref();
  }

  private tick(): void {
    if (this.silentMs >= this.options.deadAfterMs) {
      // A process that was suspended sees its timers before the bytes that wait in its sockets: read those first.
      this.check = setImmediate(() => {
        if (this.silentMs >= this.options.deadAfterMs) this.options.dead();
        else this.arm();
      });
      return;
    }
    this.ping();
    this.arm();
  }

  private sendPing(): void {
    this.token += 1;
    this.pingSentAt = this.options.clock.steadyMs();
    this.options.ping(this.token);
  }
}
