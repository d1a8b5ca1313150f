import { DomainError, type enrolmentRedeem } from '@app/contracts';
import { Database, RevocationJournal, type Transaction } from '@app/persistence';
import { certificatePem, notAfterOf, notBeforeOf, serialOf, spkiSha256, type ProofSubject } from '@app/pki';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AgentService } from '../agent/agent.service.js';
import { AuthorityService } from '../authority/authority.service.js';
import { Seals } from '../authority/seals.js';
import { requireHolder, signerOfReturn, standingOf } from './admissibility.js';
import { RevocationService } from '../revocation/revocation.service.js';
import { readEnrolment, type RedeemRequest } from './enrolment-input.js';
import {
  EnrolmentRepository,
  type NewCertificate,
  type StoredCertificate,
  type TokenRow,
} from './enrolment.repository.js';

/** One attempt to redeem, after everything that was sent has been checked. */
interface Attempt {
  tenantId: string;
  keyfileId: string;
  subject: ProofSubject;
  request: RedeemRequest;
}

/** A superseded certificate and its agent. */
interface CopiedState {
  agentId: string;
  serial: string;
}

/**
 * Turns a keyfile into an identity certificate, once. The order of the steps is what makes it safe to repeat at any
 * point: check (nothing written), claim for one key, sign with no transaction open, store, answer what is stored.
 */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly database: Database,
    private readonly rows: EnrolmentRepository,
    private readonly authority: AuthorityService,
    private readonly seals: Seals,
    private readonly journal: RevocationJournal,
    private readonly revocation: RevocationService,
    private readonly agents: AgentService,
  ) {}

  async redeem(request: RedeemRequest): Promise<z.input<typeof enrolmentRedeem.reply>> {
    const subject = readEnrolment(request, await this.openToken(request.sealedToken));
    const { keyfileId } = request;
    const tenantId = await this.database.inSystem((tx) => this.rows.tenantOfKeyfile(tx, keyfileId));
    const attempt = { tenantId: tenantId ?? '', keyfileId, subject, request };
    const token = await this.claim(attempt);
    const { der, issuerChain } = await this.certify(attempt, token);
    const { trust, signedTrust } = this.authority.pinned();
    return { certificateChain: certificatePem(der) + issuerChain, trust, signedTrust };
  }

  /** Steps 1 to 3. Bad input never writes; the losers of a race end here. */
  private async claim(attempt: Attempt): Promise<TokenRow> {
    const { tenantId, keyfileId, subject, request } = attempt;
    if (tenantId === '') requireHolder(undefined, subject, request.proofs);
    const token = await this.database.inTenant(tenantId, async (tx) => {
      const held = requireHolder(await this.rows.findToken(tx, tenantId, keyfileId), subject, request.proofs);
      const copied = await this.refuseStranger(tx, attempt, held);
      if (copied !== undefined) return copied;
      await this.requireFreshKey(tx, attempt);
      const claim = { tenantId, keyfileId, csrSpki: subject.csrSpki, from: request.peerAddress };
      if (await this.rows.claim(tx, claim)) {
        const csrSpki = subject.csrSpki.toString('base64');
        // Yesterday's backup has the keyfile unused: from the journal it knows whose it is.
        await this.journal.record(tx, { kind: 'keyfile-claimed', tenantId, keyfileId, csrSpki });
        await this.audit(tx, attempt, 'enrolment.claimed', {});
      }
      return this.judge(tx, attempt);
    });
    if ('tokenHash' in token) return token;
    await this.lockCopied(attempt, token);
    throw strangeKey();
  }

  private async judge(tx: Transaction, attempt: Attempt): Promise<TokenRow> {
    const token = await this.rows.findToken(tx, attempt.tenantId, attempt.keyfileId);
    if (token === undefined) throw unknownKeyfile();
    const standing = standingOf(token, attempt.subject.csrSpki);
    if (standing === 'resume') return token;
    throw new DomainError(standing.code, standing.detail);
  }

  /**
   * Who redeems a keyfile for the return of an agent has to have that agent's key.
   * @returns the agent and the certificate that it had renewed, when a copy of an older state asks
   */
  private async refuseStranger(tx: Transaction, attempt: Attempt, token: TokenRow): Promise<CopiedState | undefined> {
    if (token.purpose === 'enrol') return undefined;
    const { tenantId, subject, request } = attempt;
    const { agentId } = token;
    const proof = request.proofs.identityKey;
    if (signerOfReturn(subject, proof, await this.rows.identitiesOf(tx, tenantId, agentId)) !== undefined)
      return undefined;
    const older = signerOfReturn(subject, proof, await this.rows.supersededOf(tx, tenantId, agentId));
    if (older === undefined) throw strangeKey();
    return { agentId, serial: older.serial };
  }

  /** As at the tunnel: within its grace it says nothing, afterwards it is a copy. */
  private async lockCopied({ request }: Attempt, copied: CopiedState): Promise<void> {
    const { peerAddress, correlationId } = request;
    await this.agents.lockStale({ ...copied, peerAddress, correlationId }).catch((error: unknown) => {
      if (!(error instanceof DomainError && error.code === 'certificate-unknown')) throw error;
    });
  }

  private async requireFreshKey(tx: Transaction, { tenantId, keyfileId, subject }: Attempt): Promise<void> {
    if (await this.rows.isKeyCertified(tx, tenantId, spkiSha256(subject.csrSpki), keyfileId)) {
      throw new DomainError('enrolment-bad-csr', 'this key was certified before; a new identity needs a new key');
    }
  }

  /** Steps 4 and 5. A certificate that is there already is answered as it is, so that every retry gets the same bytes. */
  private async certify(attempt: Attempt, token: TokenRow): Promise<StoredCertificate> {
    const { tenantId, keyfileId, subject } = attempt;
    const existing = await this.database.inTenant(tenantId, (tx) => this.rows.findCertificate(tx, tenantId, keyfileId));
    const certificate = existing === undefined ? await this.sign(attempt, token) : undefined;
    return this.database.inTenant(tenantId, async (tx) => {
      const locked = await this.rows.lockToken(tx, tenantId, keyfileId);
      const standing = locked === undefined ? undefined : standingOf(locked, subject.csrSpki);
      if (locked === undefined || standing === undefined) throw unknownKeyfile();
      if (standing !== 'resume') throw new DomainError(standing.code, standing.detail);
      return this.store(tx, attempt, locked, certificate);
    });
  }

  private async sign({ tenantId, subject }: Attempt, token: TokenRow): Promise<NewCertificate> {
    const { agentId, siteId, siteLabel, now } = token;
    const { csrSpki, siteTlsSpki } = subject;
    const certificate = await this.authority.certifyAgent(agentId, csrSpki, now, {
      tenantId,
      siteId,
      siteLabel,
      siteTlsSpki,
    });
    return {
      serial: serialOf(certificate),
      agentId,
      spkiSha256: spkiSha256(csrSpki),
      der: certificate.raw,
      issuerChain: this.authority.chainOf(certificate),
      notBefore: notBeforeOf(certificate),
      notAfter: notAfterOf(certificate),
    };
  }

  private async store(
    tx: Transaction,
    attempt: Attempt,
    token: TokenRow,
    certificate: NewCertificate | undefined,
  ): Promise<StoredCertificate> {
    const { tenantId, keyfileId, subject } = attempt;
    await this.rows.setSiteKey(tx, tenantId, token.agentId, subject.siteTlsSpki);
    if (token.purpose === 'return') await this.dropRenewal(tx, tenantId, token.agentId);
    if (certificate !== undefined) await this.rows.insertCertificate(tx, tenantId, keyfileId, certificate);
    if (token.state === 'claimed') {
      await this.rows.markRedeemed(tx, tenantId, keyfileId);
      await this.audit(tx, attempt, 'enrolment.redeemed', { agentId: token.agentId, serial: certificate?.serial });
    }
    const stored = await this.rows.findCertificate(tx, tenantId, keyfileId);
    // Row-level security hides another tenant's certificates, so this is where a key of theirs shows.
    if (stored === undefined) throw new DomainError('enrolment-bad-csr', 'this key was certified before');
    return stored;
  }

  /** A renewal that was never used gives way to a return. Nobody has a session by it: the notification is hint enough. */
  private async dropRenewal(tx: Transaction, tenantId: string, agentId: string): Promise<void> {
    await this.rows.lockAgent(tx, tenantId, agentId);
    await this.revocation.revokePending(tx, { tenantId, agentId }, 'renewal', 'replaced');
  }

  private async openToken(sealed: string): Promise<string> {
    return this.seals.open(sealed).catch((cause: unknown) => {
      throw new DomainError('enrolment-malformed', 'the token was not sealed to this app', { cause });
    });
  }

  private audit(tx: Transaction, attempt: Attempt, action: string, details: Record<string, unknown>): Promise<void> {
    const { tenantId, keyfileId, request } = attempt;
    const { peerAddress, correlationId } = request;
    return tx.audit(tenantId, {
      actor: `keyfile:${keyfileId}`,
      action,
      subject: keyfileId,
      details: { ...details, peerAddress, correlationId },
    });
  }
}

function strangeKey(): DomainError {
  return new DomainError('enrolment-bad-proof', 'the keyfile is for an agent whose key did not sign');
}

function unknownKeyfile(): DomainError {
  return new DomainError('enrolment-token-mismatch', 'the token does not belong to this keyfile');
}
