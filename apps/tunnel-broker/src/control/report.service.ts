import { type ControlAnswer, type ControlRequest, DomainError } from '@app/contracts';
import { Database, SiteReportRepository } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { LiveSession } from '../tunnel/session-registry.js';
import { SiteClock } from './report-times.js';

/** Each costs a transaction. */
const PAUSE_MS = 1_000;
/** At once: what a site has noted in a long time offline does not wait for the next connection. */
const BURST = 32;

/** Keeps what sites report of themselves. It is the session's own site that a report is of: it names none. */
@Injectable()
export class ReportService {
  constructor(
    private readonly database: Database,
    private readonly reports: SiteReportRepository,
  ) {}

  /** @throws DomainError `rate-limited`; `unavailable` without the database: the site reports again */
  async store(
    live: LiveSession,
    { outages, now }: ControlRequest<'report'>,
    nowMs = Date.now(),
  ): Promise<ControlAnswer<'report'>> {
    takeTurn(live, nowMs);
    const { id, tenantId, siteId, agentId } = live;
    await this.database.inTenant(tenantId, async (tx) => {
      const clock = new SiteClock(await this.reports.clockSkewMs(tx, id), nowMs);
      const seen = outages.map((outage) => clock.outage(outage));
      await this.reports.store(tx, { tenantId, siteId, agentId, outages: seen, condition: clock.condition(now) });
    });
    return {};
  }
}

/** One a second in the long run: `reportsPaidMs` is until when those of before have taken all turns. */
const takeTurn = (live: LiveSession, nowMs: number): void => {
  // A clock that was set back has nobody wait for it.
  const paidMs = Math.min(Math.max(live.reportsPaidMs, nowMs), nowMs + BURST * PAUSE_MS);
  const waitMs = paidMs + PAUSE_MS - (nowMs + BURST * PAUSE_MS);
  if (waitMs > 0) {
    throw new DomainError('rate-limited', 'this session has reported too often of late', { retryAfterMs: waitMs });
  }
  live.reportsPaidMs = paidMs + PAUSE_MS;
};
