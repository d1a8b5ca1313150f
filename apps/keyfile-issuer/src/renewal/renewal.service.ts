import { DomainError, type enrolmentRenew } from '@app/contracts';
import { Database, type Transaction } from '@app/persistence';
import { certificatePem, notAfterOf, notBeforeOf, serialOf, spkiSha256 } from '@app/pki';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AuthorityService } from '../authority/authority.service.js';
import { readRenewal, requireBothKeys, requireRenewable, type RenewRequest } from './renewal-input.js';
import { type NewSuccessor, type Renewable, RenewalRepository, type Successor } from './renewal.repository.js';

interface Attempt {
  tenantId: string;
  request: RenewRequest;
  csrSpki: Buffer;
}

/**
 * The next certificate of an agent, for a new key. As for an enrolment the order of the steps makes it safe to repeat at any
 * point: check (nothing written), sign with no transaction open, store, answer what is stored. The old certificate stays
 * current until the new one is used.
 */
@Injectable()
export class RenewalService {
  constructor(
    private readonly database: Database,
    private readonly rows: RenewalRepository,
    private readonly authority: AuthorityService,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async renew(request: RenewRequest): Promise<z.input<typeof enrolmentRenew.reply>> {
    const read = readRenewal(request);
    const { serial, agentId, proofs } = request;
    const tenantId = await this.database.inSystem((tx) => this.rows.tenantOf(tx, serial));
    if (tenantId === undefined) throw unknown();
    const found = await this.database.inTenant(tenantId, (tx) => this.rows.find(tx, tenantId, serial));
    if (found === undefined || found.agentId !== agentId) throw unknown();
    requireBothKeys(found, read, proofs);
    const attempt = { tenantId, request, csrSpki: read.csrSpki };
    const { der, issuerChain } = answerOf(found.successor, attempt) ?? (await this.certify(found, attempt));
    return { certificateChain: certificatePem(der) + issuerChain };
  }

  private async certify(found: Renewable, attempt: Attempt): Promise<Successor> {
    const { tenantId, csrSpki } = attempt;
    if (found.successor === undefined) requireRenewable(found);
    const made = found.successor === undefined ? await this.sign(tenantId, found, csrSpki) : undefined;
    const stored = await this.database.inTenant(tenantId, (tx) => this.store(tx, attempt, made));
    if (stored !== undefined) return stored;
    this.logger.warn({ agentId: found.agentId }, 'a renewal was tried with a second key');
    throw contended();
  }

  private async sign(tenantId: string, found: Renewable, csrSpki: Buffer): Promise<NewSuccessor> {
    const { agentId, serial: renews, now, siteId, siteLabel, siteTlsSpki } = found;
    const home = siteTlsSpki === null ? undefined : { tenantId, siteId, siteLabel, siteTlsSpki };
    const certificate = await this.authority.certifyAgent(agentId, csrSpki, now, home);
    return {
      serial: serialOf(certificate),
      agentId,
      renews,
      spkiSha256: spkiSha256(csrSpki),
      der: certificate.raw,
      issuerChain: this.authority.chainOf(certificate),
      notBefore: notBeforeOf(certificate),
      notAfter: notAfterOf(certificate),
    };
  }

  /** @returns undefined when another key was first: the audit row of that has to be committed */
  private async store(
    tx: Transaction,
    attempt: Attempt,
    made: NewSuccessor | undefined,
  ): Promise<Successor | undefined> {
    const { tenantId, request, csrSpki } = attempt;
    await this.rows.lockAgent(tx, tenantId, request.agentId);
    const before = await this.rows.find(tx, tenantId, request.serial);
    if (before === undefined) throw unknown();
    const known = answerOf(before.successor, attempt);
    if (known !== undefined) return known;
    if (before.successor !== undefined || made === undefined) {
      await this.audit(tx, attempt, 'renewal.contended', { pending: before.successor?.serial });
      return undefined;
    }
    requireRenewable(before);
    if (await this.rows.isKeyCertified(tx, tenantId, spkiSha256(csrSpki))) throw knownKey();
    await this.rows.insert(tx, tenantId, made);
    const after = await this.rows.find(tx, tenantId, request.serial);
    // One that waits for its first use may also come of a return.
    if (after?.successor?.serial !== made.serial) throw contended();
    await this.audit(tx, attempt, 'renewal.issued', { serial: made.serial, renews: made.renews });
    return after.successor;
  }

  private audit(tx: Transaction, attempt: Attempt, action: string, details: Record<string, unknown>): Promise<void> {
    const { agentId, peerAddress, correlationId } = attempt.request;
    return tx.audit(attempt.tenantId, {
      actor: `agent:${agentId}`,
      action,
      subject: agentId,
      details: { ...details, peerAddress, correlationId },
    });
  }
}

/** What is on record already, for the same key: every retry gets the same bytes. */
function answerOf(successor: Successor | undefined, { csrSpki }: Attempt): Successor | undefined {
  return successor?.spkiSha256.equals(spkiSha256(csrSpki)) === true ? successor : undefined;
}

function unknown(): DomainError {
  return new DomainError('certificate-unknown', 'no such certificate was issued to this agent');
}

function knownKey(): DomainError {
  return new DomainError('enrolment-bad-csr', 'this key was certified before; a renewal needs a new key');
}

function contended(): DomainError {
  return new DomainError('renewal-contended', 'the next certificate of this agent was issued to another key');
}
