import { revocationAdded } from '@app/contracts';
import { RevocationJournal, type Transaction } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Injectable } from '@nestjs/common';
import { type PendingOf, RevocationRepository, type TokenOwner } from './revocation.repository.js';

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
    private readonly journal: RevocationJournal,
  ) {}

  /**
   * @param except an agent that stays
   * @returns the newest `seq` of the feed, 0 when no certificate was concerned
   */
  async revokeSite(
    tx: Transaction,
    tenantId: string,
    siteId: string,
    cause: RevocationCause,
    except?: string,
  ): Promise<number> {
    const tokens = await this.rows.lockTokensOfSite(tx, tenantId, siteId);
    const leaving = tokens.filter(({ agentId }) => agentId !== except);
    let newest = await this.revokeAll(tx, tenantId, leaving, cause);
    // After a restore an agent may be there whose keyfile was lost.
    for (const agentId of await this.rows.agentsOfSite(tx, tenantId, siteId)) {
      if (agentId !== except) newest = Math.max(newest, await this.revokeAgentRow(tx, tenantId, agentId, cause));
    }
    return newest;
  }

  /** Leaves the agent in service alone; keyfiles that were not used and enrolments that were not finished go. @returns as `revokeSite` */
  async revokeUnused(tx: Transaction, tenantId: string, siteId: string, cause: RevocationCause): Promise<number> {
    return this.revokeAll(tx, tenantId, await this.rows.lockUnusedTokensOfSite(tx, tenantId, siteId), cause);
  }

  /** Does nothing for a keyfile that is revoked already or unknown. @returns as `revokeSite` */
  async revokeKeyfile(tx: Transaction, tenantId: string, keyfileId: string, cause: RevocationCause): Promise<number> {
    const token = await this.rows.lockToken(tx, tenantId, keyfileId);
    return token === undefined ? 0 : this.revoke(tx, tenantId, token, cause);
  }

  /** The agent with all its keyfiles and certificates. Does nothing for one that is revoked already. @returns as `revokeSite` */
  async revokeAgent(tx: Transaction, tenantId: string, agentId: string, cause: RevocationCause): Promise<number> {
    const tokens = await this.rows.lockTokensOfAgent(tx, tenantId, agentId);
    const seq = await this.revokeAll(tx, tenantId, tokens, cause, true);
    return Math.max(seq, await this.revokeAgentRow(tx, tenantId, agentId, cause));
  }

  /** Ends the agent's live sessions. @returns as `revokeSite` */
  async cutAgent(tx: Transaction, tenantId: string, agentId: string, reason: string): Promise<number> {
    const seq = await this.rows.appendLock(tx, tenantId, agentId, reason);
    await tx.notify(REVOCATION_CHANNEL, String(seq));
    return seq;
  }

  /** Takes back what was issued to the agent and never used. The caller holds the lock of its row. @returns as `revokeSite` */
  async revokePending(
    tx: Transaction,
    agent: { tenantId: string; agentId: string },
    of: PendingOf,
    reason: string,
  ): Promise<{ seq: number; serials: string[] }> {
    const { tenantId, agentId } = agent;
    const serials = await this.rows.revokePending(tx, tenantId, agentId, of);
    if (serials.length === 0) return { seq: 0, serials };
    await this.journal.record(tx, { kind: 'certificate-revoked', tenantId, agentId, serials, reason });
    return { seq: await this.feed(tx, { tenantId, agentId, serials, reason }), serials };
  }

  /** Takes back a keyfile alone: its agent goes on with another one. The caller holds the lock of its row. */
  async revokeTokenOnly(tx: Transaction, tenantId: string, token: TokenOwner, cause: RevocationCause): Promise<void> {
    const { keyfileId, agentId } = token;
    const { actor, reason, correlationId } = cause;
    await this.rows.revokeToken(tx, tenantId, keyfileId, cause);
    await this.journal.record(tx, { kind: 'keyfile-revoked', tenantId, keyfileId, serials: [], reason });
    const details = { agentId, serials: [], reason, correlationId };
    await tx.audit(tenantId, { actor, action: 'keyfile.revoked', subject: keyfileId, details });
  }

  /** A second hint beside the notification; after the commit. */
  announce(seq: number): void {
    if (seq > 0) this.messages.emit(revocationAdded, { seq });
  }

  private async revokeAll(
    tx: Transaction,
    tenantId: string,
    tokens: readonly TokenOwner[],
    cause: RevocationCause,
    isNamed = false,
  ): Promise<number> {
    let newest = 0;
    for (const token of tokens) newest = Math.max(newest, await this.revoke(tx, tenantId, token, cause, isNamed));
    return newest;
  }

  /** @param isNamed the agent was asked for: its end is on record also when it never had a certificate */
  private async revoke(
    tx: Transaction,
    tenantId: string,
    token: TokenOwner,
    cause: RevocationCause,
    isNamed = false,
  ): Promise<number> {
    const { keyfileId, agentId, openReturn } = token;
    const { actor, reason, correlationId } = cause;
    await this.rows.revokeToken(tx, tenantId, keyfileId, cause);
    const { serials, hasEnded } = await this.takeBack(tx, tenantId, token);
    await this.journal.record(
      tx,
      openReturn
        ? { kind: 'keyfile-revoked', tenantId, keyfileId, serials, reason }
        : { kind: 'agent-revoked', tenantId, agentId, keyfileId, serials, reason },
    );
    const seq = await this.feed(tx, { tenantId, agentId, serials, reason });
    const details = { agentId, serials, reason, correlationId };
    await tx.audit(tenantId, { actor, action: 'keyfile.revoked', subject: keyfileId, details });
    if (hasEnded && (isNamed || serials.length > 0)) await this.auditEnd(tx, tenantId, agentId, cause);
    return seq;
  }

  /** What is left of an agent once its keyfiles are taken back; nothing of one that had any. */
  private async revokeAgentRow(
    tx: Transaction,
    tenantId: string,
    agentId: string,
    cause: RevocationCause,
  ): Promise<number> {
    if (!(await this.rows.isLive(tx, tenantId, agentId))) return 0;
    const { reason } = cause;
    await this.rows.revokeAgent(tx, tenantId, agentId);
    const serials = await this.rows.revokeCertificates(tx, tenantId, agentId);
    await this.auditEnd(tx, tenantId, agentId, cause);
    await this.journal.record(tx, { kind: 'agent-revoked', tenantId, agentId, keyfileId: null, serials, reason });
    return this.feed(tx, { tenantId, agentId, serials, reason });
  }

  private async feed(tx: Transaction, entry: Parameters<RevocationRepository['append']>[1]): Promise<number> {
    const seq = await this.rows.append(tx, entry);
    if (seq > 0) await tx.notify(REVOCATION_CHANNEL, String(seq));
    return seq;
  }

  /** What came of the keyfile; an agent that was there before it stays. `hasEnded`: the agent, just now. */
  private async takeBack(
    tx: Transaction,
    tenantId: string,
    token: TokenOwner,
  ): Promise<{ serials: string[]; hasEnded: boolean }> {
    const { keyfileId, agentId, openReturn } = token;
    if (openReturn) return { serials: await this.rows.revokeCertificatesOf(tx, tenantId, keyfileId), hasEnded: false };
    const hasEnded = await this.rows.revokeAgent(tx, tenantId, agentId);
    const serials = await this.rows.revokeCertificates(tx, tenantId, agentId);
    return { serials, hasEnded };
  }

  private auditEnd(tx: Transaction, tenantId: string, agentId: string, cause: RevocationCause): Promise<void> {
    const { actor, reason, correlationId } = cause;
    return tx.audit(tenantId, { actor, action: 'agent.revoked', subject: agentId, details: { reason, correlationId } });
  }
}
