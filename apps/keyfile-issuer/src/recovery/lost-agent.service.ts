import { DomainError, type ErrorCode } from '@app/contracts';
import type { Transaction } from '@app/persistence';
import type { AgentHome } from '@app/pki';
import { Injectable } from '@nestjs/common';
import { RevocationService } from '../revocation/revocation.service.js';
import { LostAgentRepository, type KnownAgent } from './lost-agent.repository.js';
import { unknownCertificate, type PresentedCertificate } from './presented-certificate.js';

export interface RecoveryCause {
  actor: string;
  peerAddress: string;
  correlationId: string;
}

export type Finding =
  { home: Pick<AgentHome, 'siteId' | 'siteLabel'>; known: KnownAgent | undefined } | { refused: Why };
type Why = { code: ErrorCode; detail: string };

/** Judges a certificate that the database has lost, and puts it back with whatever else was lost of its agent. */
@Injectable()
export class LostAgentService {
  constructor(
    private readonly rows: LostAgentRepository,
    private readonly revocation: RevocationService,
  ) {}

  /** Whether what is on record forbids it. Holds the site until the transaction ends. @throws DomainError `certificate-unknown` */
  async examine(tx: Transaction, tenantId: string, lost: PresentedCertificate): Promise<Finding | 'there'> {
    const { agentId, notBefore, home } = lost;
    const known = await this.rows.findAgent(tx, tenantId, agentId);
    const place = known ?? home;
    if (place === undefined) throw unknownCertificate();
    await this.rows.lockSite(tx, tenantId, place.siteId);
    if (await this.rows.hasCertificate(tx, tenantId, lost.serial)) return 'there';
    if (known?.state === 'revoked' || (await this.rows.isDenied(tx, tenantId, agentId, lost.serial))) {
      return { refused: { code: 'enrolment-revoked', detail: 'the agent was revoked' } };
    }
    if (known?.state === 'locked') return { refused: { code: 'conflict', detail: 'the agent is locked' } };
    if (await this.rows.isOvertaken(tx, tenantId, { siteId: place.siteId, agentId, notBefore })) {
      return { refused: { code: 'conflict', detail: 'the site has a newer certificate than this one' } };
    }
    return { home: { siteId: place.siteId, siteLabel: place.siteLabel }, known };
  }

  async putBack(tx: Transaction, tenantId: string, lost: PresentedCertificate, cause: RecoveryCause): Promise<void> {
    const finding = await this.examine(tx, tenantId, lost);
    if (finding === 'there') return;
    if ('refused' in finding) throw new DomainError(finding.refused.code, finding.refused.detail);
    const { agentId, serial, home } = lost;
    const { siteId } = finding.home;
    const { correlationId, peerAddress, actor } = cause;
    const isNewSite = home !== undefined && finding.known === undefined && (await this.rows.recoverSite(tx, home));
    // A site has one agent: that of the newest certificate. The others were replaced in the time that was lost.
    for (const other of await this.rows.othersOfSite(tx, tenantId, siteId, agentId)) {
      await this.revocation.revokeAgent(tx, tenantId, other, { actor: 'system', reason: 'replaced', correlationId });
    }
    if (finding.known !== undefined) await this.rows.activateAgent(tx, tenantId, agentId, home?.siteTlsSpki);
    else if (home !== undefined) await this.rows.insertAgent(tx, home, agentId);
    const keyfileId = await this.rows.closeToken(tx, tenantId, agentId, lost.spki);
    await this.rows.supersede(tx, tenantId, agentId);
    await this.rows.insertCertificate(tx, tenantId, lost, keyfileId);
    const details = { serial, siteId, isNewSite, peerAddress, correlationId };
    await tx.audit(tenantId, { actor, action: 'agent.recovered', subject: agentId, details });
  }
}
