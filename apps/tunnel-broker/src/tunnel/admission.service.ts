import { DomainError, enrolmentActivate } from '@app/contracts';
import { type AdmittedHello } from '@app/multiplex';
import { type AgentAdmission, AgentAdmissionRepository, Database, TunnelSessionRepository } from '@app/persistence';
import { identityOf, isIssuedDirectlyBy, serialOf } from '@app/pki';
import { type AppLogger, LOGGER, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { Peer } from '../listener/peer.js';
import { AdmissionRefused, verdictOf } from './refusal.js';

const RETRY_MS = 2_000;
/** A second copy of a running agent asks again this late: the incumbent may have gone by then. */
const CLONE_RETRY_MS = 60_000;

/** Who may open a tunnel, in the order of docs/architecture.md: exact issuer, record, activation, the one instance. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly identity: BrokerIdentityService,
    private readonly database: Database,
    private readonly admissions: AgentAdmissionRepository,
    private readonly sessions: TunnelSessionRepository,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Everything that is decided before the session has a row. @throws AdmissionRefused */
  async admit(peer: Peer, hello: AdmittedHello): Promise<AgentAdmission> {
    const agentId = this.agentOf(peer);
    const record = await this.recheck(serialOf(peer.certificate), agentId);
    if (record.certificateState === 'pending') await this.activate(record, peer.address);
    await this.refuseClone(record, hello.instanceId);
    return record;
  }

  /**
   * A connection that wants into a session: an agent that is not revoked, whether or not the session is here, and its own.
   * While the database is away the first judgement holds, as it does for the session's other connections.
   * @returns false when it is not the session's agent. @throws AdmissionRefused
   */
  async readmit(peer: Peer, session: { agentId: string; serial: string } | undefined): Promise<boolean> {
    const agentId = this.agentOf(peer);
    const serial = serialOf(peer.certificate);
    try {
      await this.recheck(serial, agentId);
    } catch (error) {
      if (!(error instanceof AdmissionRefused) || error.refusal.code !== 'unavailable') throw error;
    }
    return session?.agentId === agentId && session.serial === serial;
  }

  /** Again after the row is there: a revocation in between has found the row or is found here. @throws AdmissionRefused */
  async recheck(serial: string, agentId: string): Promise<AgentAdmission> {
    const record = await this.reading(() => this.database.inSystem((tx) => this.admissions.find(tx, serial)));
    const refusal = verdictOf(record, agentId);
    if (refusal !== undefined || record === undefined) {
      throw new AdmissionRefused(
        refusal ?? { code: 'certificate-unknown', detail: 'the certificate is not on record' },
      );
    }
    return record;
  }

  /** The handshake has proven a chain under our root; which of our CAs signed is for us to pin. */
  private agentOf({ certificate }: Peer): string {
    if (this.identity.pins.agentCas.some((ca) => isIssuedDirectlyBy(certificate, ca))) {
      const identity = identityOf(certificate);
      if (identity.kind === 'agent') return identity.agentId;
    }
    throw new AdmissionRefused({
      code: 'certificate-wrong-role',
      detail: 'this protocol is for the identity certificate of an agent',
    });
  }

  private async activate({ serial, agentId }: AgentAdmission, peerAddress: string): Promise<void> {
    try {
      await this.messages.request(enrolmentActivate, { serial, agentId, peerAddress, correlationId: randomUUID() });
    } catch (error) {
      this.logger.warn({ err: error, agentId }, 'a new certificate could not be activated');
      const code = error instanceof DomainError ? error.code : 'internal';
      throw new AdmissionRefused(
        code === 'enrolment-revoked'
          ? { code: 'certificate-revoked', detail: 'the certificate was revoked' }
          : { code: 'unavailable', detail: 'the issuer does not answer now', retryAfterMs: RETRY_MS },
      );
    }
  }

  private async refuseClone({ tenantId, agentId, siteId }: AgentAdmission, instanceId: string): Promise<void> {
    const clone = await this.reading(() =>
      this.database.inTenant(tenantId, async (tx) => {
        const found = await this.sessions.isClone(tx, agentId, instanceId);
        if (found)
          await tx.audit(tenantId, { actor: `agent:${agentId}`, action: 'agent.clone-refused', subject: siteId });
        return found;
      }),
    );
    if (!clone) return;
    this.logger.error({ agentId, siteId }, 'two copies of one agent are running: the newer one stays');
    throw new AdmissionRefused({
      code: 'superseded',
      detail: 'another process with this identity is connected',
      retryAfterMs: CLONE_RETRY_MS,
    });
  }

  private async reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.logger.warn({ err: error }, 'an agent has to wait for the database');
      throw new AdmissionRefused({
        code: 'unavailable',
        detail: 'no decision is possible now',
        retryAfterMs: RETRY_MS,
      });
    }
  }
}
