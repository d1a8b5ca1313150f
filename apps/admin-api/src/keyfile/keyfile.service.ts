import { keyfileGet, keyfileIssue, keyfileList, keyfileRevoke } from '@app/contracts';
import type { Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { PageQuery } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { Seal } from '../secrets/seal.js';
import { SiteService } from '../site/site.service.js';
import type { IssuedKeyfile, Keyfile, NewKeyfile } from './keyfile.dto.js';

@Injectable()
export class KeyfileService {
  constructor(
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(Seal) private readonly seal: Seal,
  ) {}

  /** @throws DomainError `not-found` for the site; whatever the issuer answers */
  async issue(
    caller: Caller,
    siteId: string,
    { validForSeconds, replace = false }: NewKeyfile,
  ): Promise<IssuedKeyfile> {
    const { tenantId, actor, correlationId } = caller;
    const site = await this.sites.find(tenantId, siteId);
    const { keyfile, sealedKeyfile, fingerprint } = await this.messages.request(keyfileIssue, {
      tenantId,
      siteId,
      siteName: site.name,
      siteLabel: site.label,
      issuedBy: actor,
      correlationId,
      replace,
      ...(validForSeconds === undefined ? {} : { validForSeconds }),
    });
    return { keyfile, content: await this.seal.open(sealedKeyfile), fingerprint };
  }

  /** @throws DomainError `not-found` for the site */
  async list(tenantId: string, siteId: string, { limit, cursor }: PageQuery): Promise<Page<Keyfile>> {
    await this.sites.find(tenantId, siteId);
    return this.messages.request(keyfileList, { tenantId, siteId, limit, cursor });
  }

  find(tenantId: string, keyfileId: string): Promise<Keyfile> {
    return this.messages.request(keyfileGet, { tenantId, keyfileId });
  }

  /** The issuer audits it, in the transaction that revokes. */
  revoke(
    { tenantId, actor, correlationId }: Caller,
    keyfileId: string,
    reason = 'revoked by operator',
  ): Promise<Keyfile> {
    return this.messages.request(keyfileRevoke, { tenantId, keyfileId, revokedBy: actor, reason, correlationId });
  }
}
