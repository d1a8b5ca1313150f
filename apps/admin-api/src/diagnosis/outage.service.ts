import { type OutageReportRow, SiteDiagnosisRepository, type Transaction } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type HostOutage, outagesBetween } from './host-outages.js';
import { beginOf, type MergedOutage, mergeOutages } from './merged-outages.js';
import type { OutageAtHost, OutageAtSite, OutageFault, OutageSeen } from './outage.dto.js';

/** Older ones are in the history of the tunnel. */
const MOST_SESSIONS = 1_000;

/** Times without a tunnel, from what brokers and site have noted. */
@Injectable()
export class OutageService {
  constructor(@Inject(SiteDiagnosisRepository) private readonly repository: SiteDiagnosisRepository) {}

  /** @returns the newest `limit`, and how many began since `since` */
  async find(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    { limit, since }: { limit: number; since: Date },
  ): Promise<{ outages: OutageSeen[]; recent: number }> {
    const hosts = outagesBetween(await this.repository.spans(tx, tenantId, siteId, MOST_SESSIONS));
    const merged = mergeOutages(hosts, await this.repository.outageTimes(tx, tenantId, siteId));
    const newest = merged.slice(0, limit);
    const ids = newest.flatMap(({ site }) => site?.id ?? []);
    const reports = await this.repository.outages(tx, tenantId, siteId, ids);
    const byId = new Map(reports.map((report) => [report.id, report]));
    return {
      outages: newest.flatMap((outage) => toSeen(outage, byId)),
      recent: merged.filter((outage) => beginOf(outage) >= since.getTime()).length,
    };
  }
}

/** None where a report that the site alone has told is pruned just now. */
const toSeen = (outage: MergedOutage, reports: ReadonlyMap<string, OutageReportRow>): OutageSeen[] => {
  const report = outage.site && reports.get(outage.site.id);
  const site = report ? toSite(report) : null;
  const host = outage.host ? toHost(outage.host) : null;
  const times = host ?? site;
  return times ? [{ from: times.from, to: times.to, host, site }] : [];
};

const toHost = ({ from, to, reason }: HostOutage): OutageAtHost => ({
  from: from.toISOString(),
  to: to?.toISOString() ?? null,
  reason,
});

/** The faults are what a broker has written, whose shape the DTO names. */
const toSite = ({ from, to, faults, reportedAt, ...report }: OutageReportRow): OutageAtSite => ({
  ...report,
  from: from.toISOString(),
  to: to.toISOString(),
  faults: faults as OutageFault[],
  reportedAt: reportedAt.toISOString(),
});
