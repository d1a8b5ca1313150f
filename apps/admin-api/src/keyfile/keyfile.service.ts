import { keyfileGet, keyfileIssue, keyfileList, keyfileRegenerate, keyfileRevoke } from '@app/contracts';
import type { Page } from '@app/persistence';
import { sealKeyfile, type SealingKey } from '@app/pki';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { SealingDesk } from '../sealing/sealing.desk.js';
import { Seal } from '../secrets/seal.js';
import { SiteService } from '../site/site.service.js';
import { historyOf } from './keyfile-history.js';
import type {
  IssuedKeyfile,
  Keyfile,
  KeyfileDetails,
  KeyfileQuery,
  KeyfileTerms,
  NewKeyfile,
  SiteKeyfileQuery,
  SiteReplacement,
} from './keyfile.dto.js';

/** What the issuer answers: the keyfile, sealed to this app. */
interface Issued {
  keyfile: Keyfile;
  sealedKeyfile: string;
  fingerprint: string;
}

interface Order extends KeyfileTerms {
  replace: boolean;
  replaceAt?: 'issue' | 'enrolment';
}

@Injectable()
export class KeyfileService {
  constructor(
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(Seal) private readonly secrets: Seal,
    @Inject(SealingDesk) private readonly sealing: SealingDesk,
  ) {}

  /** @throws DomainError `not-found` for the site; whatever the issuer answers */
  issue(caller: Caller, siteId: string, { replace = false, ...terms }: NewKeyfile): Promise<IssuedKeyfile> {
    return this.order(caller, siteId, { ...terms, replace });
  }

  /** The site keeps name, label, role, entities and history. @throws DomainError as `issue` */
  replace(caller: Caller, siteId: string, { when, ...terms }: SiteReplacement): Promise<IssuedKeyfile> {
    return this.order(caller, siteId, { ...terms, replace: true, replaceAt: when === 'now' ? 'issue' : 'enrolment' });
  }

  /** @throws DomainError `keyfile-not-found`, `keyfile-state` */
  async regenerate(
    { tenantId, actor, correlationId }: Caller,
    keyfileId: string,
    { passphrase, ...validity }: KeyfileTerms,
  ): Promise<IssuedKeyfile> {
    const key = await this.keyFor(passphrase);
    const request = { tenantId, keyfileId, issuedBy: actor, sealed: key !== undefined, correlationId, ...validity };
    return this.handOut(await this.messages.request(keyfileRegenerate, request), key);
  }

  /** @throws DomainError `not-found` for the site */
  async list(tenantId: string, siteId: string, { limit, cursor, state }: SiteKeyfileQuery): Promise<Page<Keyfile>> {
    await this.sites.find(tenantId, siteId);
    return this.listAll(tenantId, { limit, cursor, state, siteId });
  }

  listAll(tenantId: string, { limit, cursor, state, siteId }: KeyfileQuery): Promise<Page<Keyfile>> {
    return this.messages.request(keyfileList, { tenantId, siteId, state, limit, cursor });
  }

  async find(tenantId: string, keyfileId: string): Promise<KeyfileDetails> {
    const keyfile = await this.messages.request(keyfileGet, { tenantId, keyfileId });
    return { ...keyfile, history: historyOf(keyfile) };
  }

  /** The issuer audits it, in the transaction that revokes. */
  revoke(
    { tenantId, actor, correlationId }: Caller,
    keyfileId: string,
    reason = 'revoked by operator',
  ): Promise<Keyfile> {
    return this.messages.request(keyfileRevoke, { tenantId, keyfileId, revokedBy: actor, reason, correlationId });
  }

  private async order(caller: Caller, siteId: string, { passphrase, ...order }: Order): Promise<IssuedKeyfile> {
    const { tenantId, actor, correlationId } = caller;
    const site = await this.sites.find(tenantId, siteId);
    const key = await this.keyFor(passphrase);
    const issued = await this.messages.request(keyfileIssue, {
      tenantId,
      siteId,
      siteName: site.name,
      siteLabel: site.label,
      issuedBy: actor,
      correlationId,
      sealed: key !== undefined,
      ...order,
    });
    return this.handOut(issued, key);
  }

  private async keyFor(passphrase: string | undefined): Promise<SealingKey | undefined> {
    return passphrase === undefined ? undefined : this.sealing.keyFrom(passphrase);
  }

  private async handOut(
    { keyfile, sealedKeyfile, fingerprint }: Issued,
    key: SealingKey | undefined,
  ): Promise<IssuedKeyfile> {
    const text = await this.secrets.open(sealedKeyfile);
    return {
      keyfile,
      content: key === undefined ? text : sealKeyfile(text, key),
      fingerprint,
    };
  }
}
