import { type ControlAnswer, type ControlRequest, DomainError } from '@app/contracts';
import { Database, SiteReportRepository } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { LiveSession } from '../tunnel/session-registry.js';
import { SiteClock } from './report-times.js';

const PAUSE_MS = 1_000;

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
    const waitMs = live.reportedAtMs + PAUSE_MS - nowMs;
    if (waitMs > 0 && waitMs <= PAUSE_MS) {
      throw new DomainError('rate-limited', 'the last report of this session was just now', { retryAfterMs: waitMs });
    }
    live.reportedAtMs = nowMs;
    const { id, tenantId, siteId, agentId } = live;
    await this.database.inTenant(tenantId, async (tx) => {
      const clock = new SiteClock(await this.reports.clockSkewMs(tx, id), nowMs);
      const seen = new Map(outages.map((outage) => [outage.id, clock.outage(outage)]));
      const condition = clock.condition(now);
      await this.reports.store(tx, { tenantId, siteId, agentId, outages: [...seen.values()], condition });
    });
    return {};
  }
}
