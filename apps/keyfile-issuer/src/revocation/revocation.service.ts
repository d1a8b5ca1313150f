import { revocationAdded } from '@app/contracts';
import type { Transaction } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Injectable } from '@nestjs/common';
import { RevocationRepository, type TokenOwner } from './revocation.repository.js';

export interface RevocationCause {
  actor: string;
  reason: string;
  correlationId: string;
}

/** Channel of the notification that is sent when the transaction commits; the payload is the newest `seq`. */
export const REVOCATION_CHANNEL = 'revocation';

/** Takes back keyfiles with everything that came from them, inside the transaction of whoever asks. */
@Injectable()
export class RevocationService {
  constructor(
    private readonly rows: RevocationRepository,
    private readonly messages: MessageClient,
  ) {}

  /** @returns the newest `seq` of the feed, 0 when no certificate was concerned */
  async revokeSite(tx: Transaction, tenantId: string, siteId: string, cause: RevocationCause): Promise<number> {
    let newest = 0;
    for (const token of await this.rows.lockTokensOfSite(tx, tenantId, siteId)) {
      newest = Math.max(newest, await this.revoke(tx, tenantId, token, cause));
    }
    return newest;
  }

  /** Does nothing for a keyfile that is revoked already or unknown. @returns as `revokeSite` */
  async revokeKeyfile(tx: Transaction, tenantId: string, keyfileId: string, cause: RevocationCause): Promise<number> {
    const token = await this.rows.lockToken(tx, tenantId, keyfileId);
    return token === undefined ? 0 : this.revoke(tx, tenantId, token, cause);
  }

  /** The agent with all its keyfiles and certificates. Does nothing for one that is revoked already. @returns as `revokeSite` */
  async revokeAgent(tx: Transaction, tenantId: string, agentId: string, cause: RevocationCause): Promise<number> {
    let newest = 0;
    const tokens = await this.rows.lockTokensOfAgent(tx, tenantId, agentId);
    for (const token of tokens) newest = Math.max(newest, await this.revoke(tx, tenantId, token, cause));
    if (tokens.length === 0) return newest;
    const { actor, reason, correlationId } = cause;
    await tx.audit(tenantId, { actor, action: 'agent.revoked', subject: agentId, details: { reason, correlationId } });
    return newest;
  }

  /** Ends the agent's live sessions. @returns as `revokeSite` */
  async cutAgent(tx: Transaction, tenantId: string, agentId: string, reason: string): Promise<number> {
    const seq = await this.rows.appendLock(tx, tenantId, agentId, reason);
    await tx.notify(REVOCATION_CHANNEL, String(seq));
    return seq;
  }

  /** A second hint beside the notification; after the commit. */
  announce(seq: number): void {
    if (seq > 0) this.messages.emit(revocationAdded, { seq });
  }

  private async revoke(tx: Transaction, tenantId: string, token: TokenOwner, cause: RevocationCause): Promise<number> {
    const { keyfileId, agentId } = token;
    const { actor, reason, correlationId } = cause;
    await this.rows.revokeToken(tx, tenantId, keyfileId);
    const serials = await this.takeBack(tx, tenantId, token);
    const seq = await this.rows.append(tx, { tenantId, agentId, serials, reason });
    if (seq > 0) await tx.notify(REVOCATION_CHANNEL, String(seq));
    const details = { agentId, serials, reason, correlationId };
    await tx.audit(tenantId, { actor, action: 'keyfile.revoked', subject: keyfileId, details });
    return seq;
  }

  /** What came of the keyfile; an agent that was there before it stays. @returns serials */
  private async takeBack(tx: Transaction, tenantId: string, token: TokenOwner): Promise<string[]> {
    const { keyfileId, agentId, openReturn } = token;
    if (openReturn) return this.rows.revokeCertificatesOf(tx, tenantId, keyfileId);
    await this.rows.revokeAgent(tx, tenantId, agentId);
    return this.rows.revokeCertificates(tx, tenantId, agentId);
  }
}
