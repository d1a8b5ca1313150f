import type { Transaction } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import { KeyfileRepository } from '../keyfile/keyfile.repository.js';
import { RevocationService } from '../revocation/revocation.service.js';

/** Lets a site's agent go when its successor is there, for keyfiles that were issued so. */
@Injectable()
export class ReplacementService {
  constructor(
    private readonly keyfiles: KeyfileRepository,
    private readonly revocation: RevocationService,
  ) {}

  /**
   * Queues with whatever else is issued or taken back for the site; before any token of it is locked.
   * @returns the site whose agent leaves, undefined when none does
   */
  async prepare(tx: Transaction, tenantId: string, keyfileId: string): Promise<string | undefined> {
    const siteId = await this.keyfiles.siteToReplace(tx, tenantId, keyfileId);
    if (siteId !== undefined) await this.keyfiles.lockSite(tx, tenantId, siteId);
    return siteId;
  }

  /** @returns the newest `seq` of the revocation feed, 0 when nobody left */
  complete(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    successor: { agentId: string; correlationId: string },
  ): Promise<number> {
    const { agentId, correlationId } = successor;
    const cause = { actor: `agent:${agentId}`, reason: 'replaced', correlationId };
    return this.revocation.revokeSite(tx, tenantId, siteId, cause, agentId);
  }

  announce(seq: number): void {
    this.revocation.announce(seq);
  }
}
