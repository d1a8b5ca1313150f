import { DomainError, formatTunnelAddress, type IfMatch, siteChanged } from '@app/contracts';
import {
  Database,
  type Page,
  SITE_LIST,
  type SiteFacts,
  type SiteOverview,
  SiteRepository,
  type Transaction,
} from '@app/persistence';
import { CONFIG, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AdminConfig } from '../config.js';
import type { Caller } from '../http/request.js';
import { toSortedPageRequest } from '../http/sorted-page.dto.js';
import { auditedFacts, changedFacts, locationOf, newFacts, siteTag } from './site-facts.js';
import { labelProposals } from './site-label.js';
import type { NewSite, Site, SiteChanges, SiteQuery } from './site.dto.js';
import { parseTagSelector } from './tags.js';

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
    site: NewSite,
  ): Promise<SiteOverview> {
    const { name, label } = site;
    const labels = label === undefined ? labelProposals(name) : [label];
    const row = await this.insert(tx, tenantId, newFacts(site), labels);
    const details = { ...auditedFacts(site), label: row.label };
    await tx.audit(tenantId, { actor, action: 'site.created', subject: row.id, details });
    return row;
  }

  announce(tenantId: string, siteId: string): void {
    this.messages.emit(siteChanged, { tenantId, siteId });
  }

  /** @throws DomainError `not-found`, `precondition-failed` */
  async change(caller: Caller, id: string, changes: SiteChanges, ifMatch: IfMatch): Promise<Site> {
    const { tenantId, actor } = caller;
    const site = await this.database.inTenant(tenantId, async (tx) => {
      const before = await this.lock(tx, tenantId, id, ifMatch);
      const details = auditedFacts(changes);
      const members = Object.keys(details);
      if (members.length === 0) return before;
      await this.sites.update(tx, tenantId, id, changedFacts(before, changes));
      const action = members.join() === 'name' ? 'site.renamed' : 'site.changed';
      await tx.audit(tenantId, { actor, action, subject: id, details });
      return this.require(tx, tenantId, id);
    });
    this.announce(tenantId, id);
    return this.toSite(site);
  }

  async list(tenantId: string, query: SiteQuery): Promise<Page<Site>> {
    const { q: text, tunnelState, tagSelector } = query;
    const filter = { text, tunnelState, tags: tagSelector === undefined ? undefined : parseTagSelector(tagSelector) };
    const request = toSortedPageRequest(query, SITE_LIST, filter);
    const page = await this.database.inTenant(tenantId, (tx) => this.sites.list(tx, tenantId, filter, request));
    return { ...page, items: page.items.map((row) => this.toSite(row)) };
  }

  /** @throws DomainError `not-found`, also for another tenant's site */
  async find(tenantId: string, id: string): Promise<Site> {
    return this.toSite(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  /** The site, which nobody else changes until the transaction ends. @throws DomainError `not-found`, `precondition-failed` */
  async lock(tx: Transaction, tenantId: string, id: string, ifMatch: IfMatch): Promise<SiteOverview> {
    if (!(await this.sites.lock(tx, tenantId, id))) throw siteNotFound();
    const row = await this.require(tx, tenantId, id);
    siteTag.require(ifMatch, this.toSite(row));
    return row;
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<SiteOverview> {
    const row = await this.sites.find(tx, tenantId, id);
    if (!row) throw siteNotFound();
    return row;
  }

  private async insert(
    tx: Transaction,
    tenantId: string,
    facts: SiteFacts,
    labels: readonly string[],
  ): Promise<SiteOverview> {
    for (const label of labels) {
      const row = await this.sites.insert(tx, tenantId, { ...facts, label });
      if (row) return row;
    }
    throw new DomainError('site-label-taken', `another site has the label ${labels[0] ?? ''}`, {
      fields: [{ pointer: '/label', detail: 'taken' }],
    });
  }

  private toSite(row: SiteOverview): Site {
    const { id, name, label, tags, notes, createdAt, tunnelState, tunnelSince } = row;
    return {
      id,
      name,
      label,
      tags,
      location: locationOf(row),
      notes,
      createdAt: createdAt.toISOString(),
      tunnelAddress: formatTunnelAddress({ service: 'directory', site: label }, this.config.ADIT_DOMAIN),
      tunnel: { state: tunnelState, since: tunnelSince?.toISOString() ?? null },
    };
  }
}

const siteNotFound = (): DomainError => new DomainError('not-found', 'there is no such site');
