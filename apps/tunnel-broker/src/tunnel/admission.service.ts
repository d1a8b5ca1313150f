import { DomainError, enrolmentActivate, enrolmentRecover, enrolmentStale } from '@app/contracts';
import { type AdmittedHello } from '@app/multiplex';
import {
  type AgentAdmission,
  AgentAdmissionRepository,
  Database,
  RevocationFeedRepository,
  TunnelSessionRepository,
} from '@app/persistence';
import { identityOf, isIssuedDirectlyBy, serialOf } from '@app/pki';
import { type AppLogger, LOGGER, MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { Peer } from '../listener/peer.js';
import { AdmissionRefused, HOPELESS_RETRY_MS, type Refusal, verdictOf } from './refusal.js';
import type { LiveSession } from './session-registry.js';

const RETRY_MS = 2_000;
/** A second copy of a running agent asks again this late: the incumbent may have gone by then. */
const CLONE_RETRY_MS = 60_000;

/** What the issuer says no to for good. */
const ACTIVATION_REFUSALS: Readonly<Record<string, Refusal>> = {
  'enrolment-revoked': { code: 'certificate-revoked', detail: 'the certificate was revoked' },
  'agent-locked': { code: 'agent-locked', detail: 'the agent is locked' },
};
const UNANSWERED: Refusal = {
  code: 'unavailable',
  detail: 'the issuer does not answer now',
  retryAfterMs: RETRY_MS,
};

/** By which certificate a connection joins its session. */
export interface Joining {
  serial: string;
  /** Its end, when it is not the one that the session goes on by. */
  notAfter?: Date;
}
/** An operator has to approve first. */
const APPROVAL_RETRY_MS = 15_000;

/** Who may open a tunnel, in the order of docs/architecture.md: exact issuer, record, activation, the one instance. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly identity: BrokerIdentityService,
    private readonly database: Database,
    private readonly admissions: AgentAdmissionRepository,
    private readonly sessions: TunnelSessionRepository,
    private readonly feed: RevocationFeedRepository,
    private readonly messages: MessageClient,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** Everything that is decided before the session has a row. @throws AdmissionRefused */
  async admit(peer: Peer, hello: AdmittedHello): Promise<AgentAdmission> {
    const agentId = this.agentOf(peer);
    const record = await this.judgeOrRecover(agentId, peer);
    if (record.certificateState === 'pending') await this.activate(record, peer.address);
    await this.refuseClone(record, hello.instanceId);
    return record;
  }

  /**
   * A connection that wants into a session: an agent that is not revoked, whether or not the session is here, and its own.
   * By the session's certificate, or by the next one, which then becomes the current one. While the database is away the
   * first judgement holds, as it does for the session's other connections.
   * @returns undefined when it is not the session's agent. @throws AdmissionRefused
   */
  async readmit(
    peer: Peer,
    session: Pick<LiveSession, 'agentId' | 'serial'> | undefined,
  ): Promise<Joining | undefined> {
    const agentId = this.agentOf(peer);
    const serial = serialOf(peer.certificate);
    const isIts = session?.agentId === agentId;
    const record = await this.judge(serial, agentId, peer).catch((error: unknown) => {
      const isAway = error instanceof AdmissionRefused && error.refusal.code === 'unavailable';
      if (isAway && (!isIts || session.serial === serial)) return undefined;
      throw error;
    });
    if (!isIts) return undefined;
    if (record === undefined || serial === session.serial) return { serial };
    // No step back: what the session goes on by is newer.
    if (record.certificateState === 'superseded') return undefined;
    if (record.certificateState === 'pending') await this.activate(record, peer.address);
    return { serial, notAfter: record.notAfter };
  }

  /** Again after the row is there: a revocation in between has found the row or is found here. @throws AdmissionRefused */
  async recheck(serial: string, agentId: string): Promise<AgentAdmission> {
    const record = await this.reading(() => this.database.inSystem((tx) => this.admissions.find(tx, serial)));
    const refusal = verdictOf(record, agentId);
    if (refusal !== undefined || record === undefined) {
      throw new AdmissionRefused(
        refusal ?? { code: 'certificate-unknown', detail: 'the certificate is not on record' },
        record,
      );
    }
    return record;
  }

  /** As `judge`; who is not on record may have been lost with the database. */
  private async judgeOrRecover(agentId: string, peer: Peer): Promise<AgentAdmission> {
    const serial = serialOf(peer.certificate);
    try {
      return await this.judge(serial, agentId, peer);
    } catch (error) {
      const isUnknown = error instanceof AdmissionRefused && error.refusal.code === 'certificate-unknown';
      if (!isUnknown || !(await this.isRecovering())) throw error;
    }
    await this.recover(peer);
    return this.judge(serial, agentId, peer);
  }

  /** As `recheck`; a certificate that was superseded long ago is a copy of the agent's state, and the issuer is told. */
  private async judge(serial: string, agentId: string, { address: peerAddress }: Peer): Promise<AgentAdmission> {
    try {
      return await this.recheck(serial, agentId);
    } catch (error) {
      const isStale = error instanceof AdmissionRefused && error.refusal.code === 'certificate-superseded';
      if (isStale) await this.report({ serial, agentId, peerAddress, correlationId: randomUUID() });
      throw error;
    }
  }

  /** The refusal stands whether or not the issuer hears of it: the next attempt tells it again. */
  private async report(request: z.input<typeof enrolmentStale.request>): Promise<void> {
    try {
      await this.messages.request(enrolmentStale, request);
      this.logger.error(request, 'a superseded certificate was used: its agent is locked');
    } catch (error) {
      this.logger.error(
        { err: error, ...request },
        'a superseded certificate was used, and the issuer does not know it',
      );
    }
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

  /** A restore is being completed: who is not on record may belong there. */
  private isRecovering(): Promise<boolean> {
    return this.reading(() => this.database.inSystem(async (tx) => (await this.feed.generation(tx)).isRecovering));
  }

  /** The issuer judges the certificate itself; what it puts back is judged here as everybody else is. */
  private async recover({ certificate, address }: Peer): Promise<void> {
    const request = {
      certificate: certificate.raw.toString('base64'),
      peerAddress: address,
      correlationId: randomUUID(),
    };
    const state = await this.messages.request(enrolmentRecover, request).then(
      (reply) => reply.state,
      (error: unknown) => {
        this.logger.warn({ err: error }, 'an agent that is not on record could not be put back');
        throw new AdmissionRefused(refusalOfRecovery(error));
      },
    );
    if (state === 'recovered') return;
    throw new AdmissionRefused({
      code: 'recovery-pending',
      detail: 'the cloud was restored from a backup; an operator has to approve this agent',
      retryAfterMs: APPROVAL_RETRY_MS,
    });
  }

  private async activate({ serial, agentId }: AgentAdmission, peerAddress: string): Promise<void> {
    try {
      await this.messages.request(enrolmentActivate, { serial, agentId, peerAddress, correlationId: randomUUID() });
    } catch (error) {
      this.logger.warn({ err: error, agentId }, 'a new certificate could not be activated');
      const code = error instanceof DomainError ? error.code : 'internal';
      throw new AdmissionRefused(ACTIVATION_REFUSALS[code] ?? UNANSWERED);
    }
  }

  private async refuseClone(record: AgentAdmission, instanceId: string): Promise<void> {
    const { tenantId, agentId, siteId } = record;
    const clone = await this.reading(() =>
      this.database.inTenant(tenantId, (tx) => this.sessions.isClone(tx, agentId, instanceId)),
    );
    if (!clone) return;
    this.logger.error({ agentId, siteId }, 'two copies of one agent are running: the newer one stays');
    const detail = 'another process with this identity is connected';
    throw new AdmissionRefused({ code: 'superseded', detail, retryAfterMs: CLONE_RETRY_MS }, record);
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

/** @throws AdmissionRefused */
const refusalOfRecovery = (error: unknown): Refusal => {
  const code = error instanceof DomainError ? error.code : 'internal';
  if (code === 'enrolment-revoked') {
    return { code: 'agent-revoked', detail: 'the agent was revoked', retryAfterMs: HOPELESS_RETRY_MS };
  }
  if (code === 'certificate-unknown' || code === 'conflict') {
    return { code: 'certificate-unknown', detail: 'the certificate is not on record', retryAfterMs: HOPELESS_RETRY_MS };
  }
  return { code: 'unavailable', detail: 'the issuer does not answer now', retryAfterMs: RETRY_MS };
};
