import { type IfMatch, roleCreate, roleDelete, roleGet, roleList, roleUpdate } from '@app/contracts';
import type { Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import type { SitePageQuery } from '../http/site-page.dto.js';
import { Seal } from '../secrets/seal.js';
import { SiteService } from '../site/site.service.js';
import type { FederationRole, FederationRoleChanges, NewFederationRole } from './federation-role.dto.js';

/** Asks federation, which owns the roles; the password goes to it sealed and is kept nowhere here. */
@Injectable()
export class FederationRoleService {
  constructor(
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(Seal) private readonly seal: Seal,
  ) {}

  list(tenantId: string, { limit, cursor, siteId }: SitePageQuery): Promise<Page<FederationRole>> {
    return this.messages.request(roleList, { tenantId, siteId, limit, cursor });
  }

  find(tenantId: string, roleId: string): Promise<FederationRole> {
    return this.messages.request(roleGet, { tenantId, roleId });
  }

  /** @throws DomainError `not-found` for the site; whatever federation answers */
  async create(caller: Caller, { siteId, password, ...changes }: NewFederationRole): Promise<FederationRole> {
    const site = await this.sites.find(caller.tenantId, siteId);
    return this.messages.request(roleCreate, {
      ...audited(caller),
      siteId: site.id,
      siteLabel: site.label,
      changes: given(changes),
      ...(await this.sealed(password)),
    });
  }

  /** @throws DomainError `precondition-failed`; whatever federation answers */
  async change(
    caller: Caller,
    roleId: string,
    { password, ...changes }: FederationRoleChanges,
    ifMatch: IfMatch,
  ): Promise<FederationRole> {
    return this.messages.request(roleUpdate, {
      ...audited(caller),
      roleId,
      changes: given(changes),
      ifMatch: ifMatch && [...ifMatch],
      ...(await this.sealed(password)),
    });
  }

  async delete(caller: Caller, roleId: string, ifMatch: IfMatch): Promise<void> {
    await this.messages.request(roleDelete, { ...audited(caller), roleId, ifMatch: ifMatch && [...ifMatch] });
  }

  private async sealed(password: string | undefined): Promise<{ sealedPassword?: string }> {
    return password === undefined ? {} : { sealedPassword: await this.seal.forFederation(password) };
  }
}

const audited = ({ tenantId, actor, correlationId }: Caller): Pick<Caller, 'tenantId' | 'actor' | 'correlationId'> => ({
  tenantId,
  actor,
  correlationId,
});

const given = <T extends object>(changes: T): T =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as T;
