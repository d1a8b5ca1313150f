import { DomainError, formatTunnelAddress, proposeSiteLabel, siteChanged } from '@app/contracts';
import { Database, type Page, type SiteOverview, SiteRepository, type Transaction } from '@app/persistence';
import { CONFIG, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { NewSite, Site, SiteChanges } from './site.dto.js';

/** Sites of one name that get a label each: hamburg, hamburg-2, … */
const MAX_PROPOSALS = 100;
const LABEL_LENGTH = 63;

@Injectable()
export class SiteService {
  constructor(
    @Inject(CONFIG) private readonly config: AdminConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(SiteRepository) private readonly sites: SiteRepository,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /** @throws DomainError `site-label-taken` when the label was asked for, or none of the proposals is free */
  async create(caller: Caller, site: NewSite): Promise<Site> {
    const row = await this.database.inTenant(caller.tenantId, (tx) => this.createIn(tx, caller, site));
    this.announce(caller.tenantId, row.id);
    return this.toSite(row);
  }

  /** For who creates more than the site in one transaction, and announces it afterwards. @throws as `create` */
  async createIn(
    tx: Transaction,
    { tenantId, actor }: Pick<Caller, 'tenantId' | 'actor'>,
    { name, label }: NewSite,
  ): Promise<SiteOverview> {
    const row = await this.insert(tx, tenantId, name, label === undefined ? proposals(name) : [label]);
    await tx.audit(tenantId, { actor, action: 'site.created', subject: row.id, details: { name, label: row.label } });
    return row;
  }

  announce(tenantId: string, siteId: string): void {
    this.messages.emit(siteChanged, { tenantId, siteId });
  }

  /** @throws DomainError `not-found` */
  async change(caller: Caller, id: string, { name }: SiteChanges): Promise<Site> {
    const { tenantId, actor } = caller;
    const site = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.sites.rename(tx, tenantId, id, name))) throw siteNotFound();
      await tx.audit(tenantId, { actor, action: 'site.renamed', subject: id, details: { name } });
      return this.require(tx, tenantId, id);
    });
    this.announce(tenantId, id);
    return this.toSite(site);
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<Site>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.sites.list(tx, tenantId, request));
    return { ...page, items: page.items.map((row) => this.toSite(row)) };
  }

  /** @throws DomainError `not-found`, also for another tenant's site */
  async find(tenantId: string, id: string): Promise<Site> {
    return this.toSite(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<SiteOverview> {
    const row = await this.sites.find(tx, tenantId, id);
    if (!row) throw siteNotFound();
    return row;
  }

  private async insert(
    tx: Transaction,
    tenantId: string,
    name: string,
    labels: readonly string[],
  ): Promise<SiteOverview> {
    for (const label of labels) {
      const row = await this.sites.insert(tx, tenantId, { name, label });
      if (row) return row;
    }
    throw new DomainError('site-label-taken', `another site has the label ${labels[0] ?? ''}`, {
      fields: [{ pointer: '/label', detail: 'taken' }],
    });
  }

  private toSite({ tunnelState, tunnelSince, createdAt, ...row }: SiteOverview): Site {
    return {
      ...row,
      createdAt: createdAt.toISOString(),
      tunnelAddress: formatTunnelAddress({ service: 'directory', site: row.label }, this.config.ADIT_DOMAIN),
      tunnel: { state: tunnelState, since: tunnelSince?.toISOString() ?? null },
    };
  }
}

const siteNotFound = (): DomainError => new DomainError('not-found', 'there is no such site');

const proposals = (name: string): string[] => {
  const first = proposeSiteLabel(name);
  return Array.from({ length: MAX_PROPOSALS }, (_, index) => {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    return `${first.slice(0, LABEL_LENGTH - suffix.length).replace(/-+$/, '')}${suffix}`;
  });
};
