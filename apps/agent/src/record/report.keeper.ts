import type { ControlRequest, SiteCondition, SiteOutage } from '@app/contracts';
import type { AppLogger } from '@app/runtime';
import { AgentError, ControlRefusedError } from '../errors.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import { pause } from '../tunnel/pause.js';
import type { ConnectionRecord } from './connection.record.js';
import { firstReport, reportOf } from './report-chunk.js';

export interface ReportParts {
  record: Pick<ConnectionRecord, 'unsent' | 'markSent' | 'retry'>;
  /** The session to report through; undefined while there is none. */
  established: () => Connected | undefined;
  condition: (connected: Connected) => Promise<SiteCondition>;
  /** @throws ControlRefusedError, AgentError `control-failed` */
  ask: (connected: Connected, report: ControlRequest<'report'>) => Promise<unknown>;
  logger: Pick<AppLogger, 'debug' | 'info' | 'warn'>;
  /** Uniform in [0, 1). */
  random?: () => number;
}

const EVERY_MS = 15 * 60_000;
/** Sites that come back together do not report together. */
const SPREAD_MS = 2_000;
/** A broker takes one report a second of a session. */
const BETWEEN_MS = 1_200;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 5 * 60_000;
/** More chunks than a full record makes are a mistake of somebody. */
const MAX_CHUNKS = 250;

/** Brings the record to the cloud after each connection, and how the site is now and then. */
export class ReportKeeper {
  private readonly random: () => number;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  /** Of a broker that knows no reports. */
  private mute: Connected | undefined;
  private reporting: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: ReportParts) {
    this.random = parts.random ?? Math.random;
  }

  /** A session is up. */
  connected(): void {
    this.retryMs = FIRST_RETRY_MS;
    this.plan(this.random() * SPREAD_MS);
  }

  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
  }

  /** Reports what there is to report, and plans the next time. Never rejects; one at a time. */
  report(): Promise<void> {
    this.reporting ??= this.reportAll().finally(() => {
      this.reporting = undefined;
    });
    return this.reporting;
  }

  private async reportAll(): Promise<void> {
    this.parts.record.retry();
    const connected = this.parts.established();
    // What was not sent goes with the next session.
    if (connected === undefined || connected === this.mute) return this.plan(this.regularMs());
    try {
      await this.sendAll(connected);
      this.plan(this.regularMs());
    } catch (error) {
      this.failed(connected, error);
    }
  }

  private async sendAll(connected: Connected): Promise<void> {
    const now = await this.parts.condition(connected);
    let outages = this.parts.record.unsent;
    if (outages.length === 0) await this.ask(connected, reportOf([], now));
    for (let chunk = 0; outages.length > 0 && chunk < MAX_CHUNKS && !this.closing.signal.aborted; chunk += 1) {
      const report = firstReport(outages, now);
      const ids = report.outages.map(({ id }) => id);
      await this.send(connected, report);
      this.parts.record.markSent(ids);
      outages = outages.filter(({ id }) => !ids.includes(id));
      if (outages.length === 0) this.parts.logger.info({ last: ids.at(-1) }, 'the cloud knows why there was no tunnel');
    }
  }

  /** What the broker finds wrong with a report would be wrong with it for ever: it is told apart, so that the rest arrives. */
  private async send(connected: Connected, report: ControlRequest<'report'>): Promise<void> {
    try {
      await this.ask(connected, report);
    } catch (error) {
      if (!isInvalid(error) || report.outages.length === 0) throw error;
      for (const outage of report.outages) await this.sendAlone(connected, outage, report.now);
    }
  }

  private async sendAlone(connected: Connected, outage: SiteOutage, now: SiteCondition): Promise<void> {
    try {
      await this.ask(connected, reportOf([outage], now));
    } catch (error) {
      if (!isInvalid(error)) throw error;
      this.parts.logger.warn({ outage: outage.id, err: error }, 'the broker does not take the report of an outage');
    }
  }

  private async ask(connected: Connected, report: ControlRequest<'report'>): Promise<void> {
    const { signal } = this.closing;
    await pause(this.askedAtMs + BETWEEN_MS - performance.now(), signal);
    if (signal.aborted) throw new AgentError('control-failed', 'the agent is being stopped');
    this.askedAtMs = performance.now();
    await this.parts.ask(connected, report);
    this.retryMs = FIRST_RETRY_MS;
  }

  private failed(connected: Connected, error: unknown): void {
    if (error instanceof ControlRefusedError && error.reason === 'not-implemented') {
      this.mute = connected;
      // Another session may have come up meanwhile.
      return this.plan(this.parts.established() === connected ? this.regularMs() : SPREAD_MS);
    }
    this.parts.logger.debug({ err: error }, 'the report did not arrive');
    const asked = error instanceof ControlRefusedError ? (error.retryAfterMs ?? 0) : 0;
    this.plan(Math.max(asked, this.retryMs * (0.5 + 0.5 * this.random())));
    this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
  }

  private regularMs(): number {
    return EVERY_MS * (0.9 + 0.2 * this.random());
  }

  private plan(waitMs: number): void {
    clearTimeout(this.timer);
    if (!this.closing.signal.aborted) this.timer = setTimeout(() => void this.report(), waitMs).unref();
  }
}

const isInvalid = (error: unknown): boolean =>
  error instanceof ControlRefusedError && error.reason === 'invalid-request';
