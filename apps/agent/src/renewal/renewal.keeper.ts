import { notAfterOf, notBeforeOf, serialOf } from '@app/pki';
import { AgentError, ControlRefusedError } from '../errors.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import { BackOff, type BackOffPolicy } from '../tunnel/back-off.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import { renewalDueMs } from './renewal.schedule.js';
import type { ServerClock } from './server-clock.js';

/** What became of the last renewal; `code` is `renewed`, or that of the failure. */
export interface RenewalOutcome {
  code: string;
  message: string;
}

export interface RenewalPlan {
  serial: string;
  notBefore: Date;
  notAfter: Date;
  /** By the cloud's clock. */
  renewAt: Date;
  last: RenewalOutcome | undefined;
}

export interface RenewalParts {
  holder: IdentityHolder;
  clock: ServerClock;
  /** The session to ask through; undefined while there is none. */
  established: () => Connected | undefined;
  /** Connects the session anew, by the next certificate. */
  replaceLanes: () => Promise<void>;
  request: (holder: IdentityHolder, connected: Connected) => Promise<void>;
  /** The broker's clock, ms since 1970. */
  askClock: (connected: Connected) => Promise<number>;
  onOutcome: (outcome: RenewalOutcome) => void;
  backOff?: BackOff;
  /** Steady ms. */
  steady?: () => number;
}

const POLICY: BackOffPolicy = { baseMs: 5_000, earlyCapMs: 60_000, earlyMs: 600_000, capMs: 3_600_000 };
/** Timers over 24.8 days fire at once, and a machine that sleeps stops them: look at the clocks again. */
const LONGEST_SLEEP_MS = 3_600_000;
const SHORTEST_SLEEP_MS = 50;

/** Of a life that a new certificate is kept at least: clocks in the cloud that disagree make no hot loop. */
const LEAST_SHARE = 0.1;

/** Renews the certificate in time, by the cloud's clock; one renewal at a time. */
export class RenewalKeeper {
  private readonly backOff: BackOff;
  private readonly steady: () => number;
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> | undefined;
  private last: RenewalOutcome | undefined;
  private notBeforeMs = 0;
  private closed = false;

  constructor(private readonly parts: RenewalParts) {
    this.backOff = parts.backOff ?? new BackOff(POLICY);
    this.steady = parts.steady ?? (() => performance.now());
  }

  get plan(): RenewalPlan {
    const { certificate } = this.parts.holder;
    return {
      serial: serialOf(certificate),
      notBefore: notBeforeOf(certificate),
      notAfter: notAfterOf(certificate),
      renewAt: new Date(this.plannedMs),
      last: this.last,
    };
  }

  /** A session is up, or the clocks have changed: looks at what is due now, with the cloud's time as it is. */
  async refresh(serverMs?: number): Promise<void> {
    if (serverMs !== undefined) this.parts.clock.note(serverMs);
    else await this.readClock();
    this.arm();
  }

  /** At once, whatever the plan. @throws AgentError */
  async renewNow(): Promise<void> {
    while (this.underWay !== undefined) await this.underWay;
    await this.attempt();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private get lifeMs(): number {
    const { certificate } = this.parts.holder;
    return notAfterOf(certificate).getTime() - notBeforeOf(certificate).getTime();
  }

  private get plannedMs(): number {
    const { certificate, current } = this.parts.holder;
    return renewalDueMs(certificate, current.policy.renewAt);
  }

  /** One that was interrupted is due now. */
  private get dueMs(): number {
    return this.parts.holder.renewing ? 0 : this.plannedMs;
  }

  private arm(): void {
    clearTimeout(this.timer);
    const { nowMs } = this.parts.clock;
    if (this.closed || nowMs === undefined) return;
    const waitMs = Math.max(this.dueMs - nowMs, this.notBeforeMs - this.steady(), SHORTEST_SLEEP_MS);
    this.timer = setTimeout(() => void this.tend(), Math.min(waitMs, LONGEST_SLEEP_MS)).unref();
  }

  /** Without a session nothing is due: the next one looks again. */
  private async tend(): Promise<void> {
    if (this.underWay !== undefined || this.parts.established() === undefined) return;
    await this.readClock();
    const { nowMs } = this.parts.clock;
    const isDue = nowMs !== undefined && nowMs >= this.dueMs && this.steady() >= this.notBeforeMs;
    if (isDue) await this.attempt().catch(() => undefined);
    this.arm();
  }

  private async readClock(): Promise<void> {
    const { established, askClock, clock } = this.parts;
    const connected = established();
    if (connected === undefined) return;
    // A broker of before does not tell; what WELCOME said goes on then.
    await askClock(connected).then(
      (nowMs) => clock.note(nowMs),
      () => undefined,
    );
  }

  private async attempt(): Promise<void> {
    const work = this.renew();
    this.underWay = work.catch(() => undefined);
    try {
      await work;
      this.backOff.reset();
      this.notBeforeMs = this.steady() + this.lifeMs * LEAST_SHARE;
      this.tell({ code: 'renewed', message: 'The certificate was renewed' });
    } catch (error) {
      const retryAfterMs = error instanceof ControlRefusedError ? (error.retryAfterMs ?? 0) : 0;
      this.notBeforeMs = this.steady() + Math.max(this.backOff.nextMs(), retryAfterMs);
      this.tell(outcomeOf(error));
      throw error;
    } finally {
      this.underWay = undefined;
      this.arm();
    }
  }

  private async renew(): Promise<void> {
    const { holder, established, request, replaceLanes } = this.parts;
    const connected = established();
    if (connected === undefined) throw new AgentError('control-failed', 'There is no tunnel to renew through');
    if (holder.next === undefined) await request(holder, connected);
    await replaceLanes();
    if (holder.next !== undefined) {
      throw new AgentError('control-failed', 'The new certificate is here, and is used with the next connection');
    }
  }

  private tell(outcome: RenewalOutcome): void {
    this.last = outcome;
    this.parts.onOutcome(outcome);
  }
}

const outcomeOf = (error: unknown): RenewalOutcome => {
  if (error instanceof ControlRefusedError) return { code: error.reason, message: error.message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'internal';
  return { code, message: error instanceof Error ? error.message : String(error) };
};
