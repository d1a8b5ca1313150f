import { revocationAdded } from '@app/contracts';
import { RevocationJournal, type Transaction } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Injectable } from '@nestjs/common';
import { RevocationRepository } from './revocation.repository.js';

export interface RevocationCause {
  actor: string;
  reason: string;
  correlationId: string;
}

interface Revoked {
  keyfileId: string | null;
  agentId: string;
}

/** Channel of the notification that is sent when the transaction commits; the payload is the newest `seq`. */
export const REVOCATION_CHANNEL = 'revocation';

/** Takes back keyfiles with everything that came from them, inside the transaction of whoever asks. */
@Injectable()
export class RevocationService {
  constructor(
    private readonly rows: RevocationRepository,
    private readonly messages: MessageClient,
    private readonly journal: RevocationJournal,
  ) {}

  /** @returns the newest `seq` of the feed, 0 when no certificate was concerned */
  async revokeSite(tx: Transaction, tenantId: string, siteId: string, cause: RevocationCause): Promise<number> {
    let newest = 0;
    for (const token of await this.rows.lockTokensOfSite(tx, tenantId, siteId)) {
      newest = Math.max(newest, await this.revoke(tx, tenantId, token, cause));
    }
    // After a restore an agent may be there whose keyfile was lost.
    for (const agentId of await this.rows.agentsOfSite(tx, tenantId, siteId)) {
      newest = Math.max(newest, await this.revokeAgent(tx, tenantId, agentId, cause));
    }
    return newest;
  }

  /** Does nothing for a keyfile that is revoked already or unknown. @returns as `revokeSite` */
  async revokeKeyfile(tx: Transaction, tenantId: string, keyfileId: string, cause: RevocationCause): Promise<number> {
    const token = await this.rows.lockToken(tx, tenantId, keyfileId);
    return token === undefined ? 0 : this.revoke(tx, tenantId, token, cause);
  }

  /** A second hint beside the notification; after the commit. */
  announce(seq: number): void {
    if (seq > 0) this.messages.emit(revocationAdded, { seq });
  }

  /** An agent by itself, whichever keyfile it came from. @returns as `revokeSite` */
  revokeAgent(tx: Transaction, tenantId: string, agentId: string, cause: RevocationCause): Promise<number> {
    return this.revoke(tx, tenantId, { keyfileId: null, agentId }, cause);
  }

  private async revoke(
    tx: Transaction,
    tenantId: string,
    { keyfileId, agentId }: Revoked,
    { actor, reason, correlationId }: RevocationCause,
  ): Promise<number> {
    if (keyfileId !== null) await this.rows.revokeToken(tx, tenantId, keyfileId);
    await this.rows.revokeAgent(tx, tenantId, agentId);
    const serials = await this.rows.revokeCertificates(tx, tenantId, agentId);
    await this.journal.record(tx, { kind: 'agent-revoked', tenantId, agentId, keyfileId, serials, reason });
    const seq = await this.rows.append(tx, { tenantId, agentId, serials, reason });
    if (seq > 0) await tx.notify(REVOCATION_CHANNEL, String(seq));
    const details = { agentId, serials, reason, correlationId };
    const told =
      keyfileId === null
        ? { action: 'agent.revoked', subject: agentId }
        : { action: 'keyfile.revoked', subject: keyfileId };
    await tx.audit(tenantId, { actor, ...told, details });
    return seq;
  }
}
