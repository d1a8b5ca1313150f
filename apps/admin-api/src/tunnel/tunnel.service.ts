import { DomainError } from '@app/contracts';
import { Database, type Page, type TunnelHistoryRow, type TunnelRow, TunnelViewRepository } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import { SiteService } from '../site/site.service.js';
import type { Tunnel, TunnelSession } from './tunnel.dto.js';

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

  async list(tenantId: string, query: PageQuery): Promise<Page<Tunnel>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.tunnels.list(tx, tenantId, request));
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
  async history(tenantId: string, siteId: string, query: PageQuery): Promise<Page<TunnelSession>> {
    const request = toPageRequest(query);
    await this.sites.find(tenantId, siteId);
    const page = await this.database.inTenant(tenantId, (tx) => this.tunnels.history(tx, tenantId, siteId, request));
    return { ...page, items: page.items.map(toSession) };
  }
}
