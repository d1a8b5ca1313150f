import { DomainError } from '@app/contracts';
import {
  type AvailabilityRow,
  Database,
  type Page,
  type TunnelHistoryRow,
  type TunnelRow,
  TunnelViewRepository,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { toPageRequest } from '../http/page.dto.js';
import { SiteService } from '../site/site.service.js';
import { type TimeRangeQuery, toTimes } from '../http/time-range.dto.js';
import type { Availability, AvailabilityQuery, Tunnel, TunnelQuery, TunnelSession } from './tunnel.dto.js';

const DAY_MS = 86_400_000;
/** The default of ADIT_HISTORY_DAYS: there is nothing before. */
const LONGEST_MS = 400 * DAY_MS;

const toTunnel = ({ since, ...row }: TunnelRow): Tunnel => ({ ...row, since: since.toISOString() });

const toSession = ({ openedAt, closedAt, ...row }: TunnelHistoryRow): TunnelSession => ({
  ...row,
  openedAt: openedAt.toISOString(),
  closedAt: closedAt?.toISOString() ?? null,
});

@Injectable()
export class TunnelService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TunnelViewRepository) private readonly tunnels: TunnelViewRepository,
    @Inject(SiteService) private readonly sites: SiteService,
  ) {}

  async list(tenantId: string, query: TunnelQuery): Promise<Page<Tunnel>> {
    const request = toPageRequest(query);
    const { state, text, sort } = query;
    const page = await this.database.inTenant(tenantId, (tx) =>
      this.tunnels.list(tx, tenantId, request, { state, text }, sort),
    );
    return { ...page, items: page.items.map(toTunnel) };
  }

  /** @throws DomainError `not-found`: no such site, or it has never connected */
  async find(tenantId: string, siteId: string): Promise<Tunnel> {
    await this.sites.find(tenantId, siteId);
    const row = await this.database.inTenant(tenantId, (tx) => this.tunnels.find(tx, tenantId, siteId));
    if (!row) throw new DomainError('not-found', 'the site has never connected');
    return toTunnel(row);
  }

  /** @throws DomainError `not-found` for the site */
  async history(tenantId: string, siteId: string, query: TimeRangeQuery): Promise<Page<TunnelSession>> {
    const request = toPageRequest(query);
    await this.sites.find(tenantId, siteId);
    const page = await this.database.inTenant(tenantId, (tx) =>
      this.tunnels.history(tx, tenantId, siteId, request, toTimes(query)),
    );
    return { ...page, items: page.items.map(toSession) };
  }

  /** @throws DomainError `not-found` for the site; `invalid-request` for a range that is none */
  async availability(tenantId: string, siteId: string, query: AvailabilityQuery): Promise<Availability> {
    await this.sites.find(tenantId, siteId);
    const { to = new Date(), from = new Date(to.getTime() - DAY_MS) } = toTimes(query);
    if (from >= to || from.getTime() < Date.now() - LONGEST_MS) {
      throw new DomainError('invalid-request', 'the range is not one', {
        fields: [{ pointer: '/from', detail: 'before the end, and at most 400 days ago' }],
      });
    }
    const row = await this.database.inTenant(tenantId, (tx) =>
      this.tunnels.availability(tx, tenantId, siteId, { from, to }),
    );
    if (!row) throw new DomainError('not-found', 'there is no such site');
    return toAvailability(row);
  }
}

const toAvailability = ({ from, to, upSeconds, outages, longestOutageSeconds }: AvailabilityRow): Availability => {
  const seconds = (to.getTime() - from.getTime()) / 1_000;
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    availability: seconds > 0 ? Math.min(1, upSeconds / seconds) : null,
    upSeconds,
    downSeconds: Math.max(0, seconds - upSeconds),
    outages,
    longestOutageSeconds,
  };
};
