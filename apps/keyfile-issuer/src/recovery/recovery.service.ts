import { DomainError, type enrolmentRecover, type RecoveryState } from '@app/contracts';
import { Database, DEFAULT_TENANT_ID, RefusalLedger, type Transaction } from '@app/persistence';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { IssuerConfig } from '../config.js';
import { AuthorityService } from '../authority/authority.service.js';
import { LostAgentService, type Finding } from './lost-agent.service.js';
import { readPresented, unknownCertificate, type PresentedCertificate } from './presented-certificate.js';
import { RecoveryRepository } from './recovery.repository.js';

type RecoverRequest = z.output<typeof enrolmentRecover.request>;
type RecoverReply = z.input<typeof enrolmentRecover.reply>;
interface Decision {
  decidedBy: string;
  correlationId: string;
}

/**
 * Completes a restored database from what the agents hold: a certificate of ours that is from the time between the backup
 * and the restore. Nothing of this works unless a restore has left its mark.
 */
@Injectable()
export class RecoveryService implements BeforeApplicationShutdown {
  private readonly refusals: RefusalLedger;

  constructor(
    private readonly database: Database,
    private readonly rows: RecoveryRepository,
    private readonly agents: LostAgentService,
    private readonly authority: AuthorityService,
    @Inject(LOGGER) private readonly logger: AppLogger,
    @Inject(CONFIG) private readonly config: IssuerConfig,
  ) {
    this.refusals = new RefusalLedger(database, {
      onError: (error) => logger.warn({ err: error }, 'a refused recovery is not on record'),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.refusals.close();
  }

  /** @throws DomainError `certificate-unknown`, `enrolment-revoked`, `conflict` */
  async recover(request: RecoverRequest): Promise<RecoverReply> {
    const lost = readPresented(Buffer.from(request.certificate, 'base64'), this.authority);
    const { mark, tenantId } = await this.database.inSystem(async (tx) => ({
      mark: await this.rows.openMark(tx, lost),
      tenantId: lost.home?.tenantId ?? (await this.rows.tenantOfAgent(tx, lost.agentId)),
    }));
    if (mark === undefined || tenantId === undefined) throw unknownCertificate();
    const outcome = await this.database.inTenant(tenantId, (tx) =>
      this.decide(tx, tenantId, lost, mark.journal, request),
    );
    if (typeof outcome === 'string') return { state: outcome };
    await this.noteRefusal(tenantId, lost, outcome.code, request.peerAddress);
    throw new DomainError(outcome.code, outcome.detail);
  }

  private noteRefusal(
    tenantId: string,
    { agentId, serial }: PresentedCertificate,
    code: string,
    peerAddress: string,
  ): Promise<void> {
    // The port is another one each time.
    const details = { serial, code, address: peerAddress.replace(/:\d+$/, '') };
    const entry = { actor: `agent:${agentId}`, action: 'agent.recovery-refused', subject: agentId, details };
    return this.refusals.note(tenantId, entry);
  }

  private async decide(
    tx: Transaction,
    tenantId: string,
    lost: PresentedCertificate,
    journal: 'merged' | 'absent',
    request: RecoverRequest,
  ): Promise<RecoverReply['state'] | Extract<Finding, { refused: unknown }>['refused']> {
    const { agentId, serial } = lost;
    const { peerAddress, correlationId } = request;
    const finding = await this.agents.examine(tx, tenantId, lost);
    if (finding === 'there') return 'recovered';
    const actor = `agent:${agentId}`;
    if ('refused' in finding) return finding.refused;
    // An approval puts it back at once: whoever asks here has none.
    if (journal === 'absent' || this.config.ADIT_RECOVERY_APPROVAL === 'always') {
      const first = await this.rows.request(tx, tenantId, lost, { ...finding.home, peerAddress });
      if (first) {
        const details = { serial, siteId: finding.home.siteId, peerAddress, correlationId };
        await this.audit(tx, tenantId, finding, { actor, action: 'agent.recovery-asked', subject: agentId, details });
      }
      return 'awaiting-approval';
    }
    await this.agents.putBack(tx, tenantId, lost, { actor, peerAddress, correlationId });
    this.logger.warn({ agentId, serial, tenantId, ...finding.home }, 'an agent was put back after a restore');
    return 'recovered';
  }

  /** A tenant that was lost has no chain yet: what it asks for stands in the provider's. */
  private async audit(
    tx: Transaction,
    tenantId: string,
    finding: Finding,
    entry: Parameters<Transaction['audit']>[1],
  ): Promise<void> {
    const isOnRecord =
      'known' in finding && finding.known === undefined ? await this.rows.hasTenant(tx, tenantId) : true;
    await tx.audit(isOnRecord ? tenantId : DEFAULT_TENANT_ID, entry);
  }

  /** `undefined`: this database was never restored. */
  newest(): Promise<RecoveryState | undefined> {
    return this.database.inSystem((tx) => this.rows.newest(tx));
  }

  /** @throws DomainError `not-found`, and as `recover` */
  async approve(
    { agentId, serial }: { agentId: string; serial: string },
    { decidedBy, correlationId }: Decision,
  ): Promise<void> {
    const request = await this.database.inSystem((tx) => this.rows.findRequest(tx, agentId, serial));
    if (request === undefined)
      throw new DomainError('not-found', 'no agent waits with that certificate for an approval');
    const { tenantId } = request;
    const lost = readPresented(request.der, this.authority);
    const mark = await this.database.inSystem((tx) => this.rows.openMark(tx, lost));
    if (mark === undefined) throw new DomainError('not-found', 'the recovery was closed');
    await this.database.inTenant(tenantId, async (tx) => {
      await this.rows.approve(tx, tenantId, lost, decidedBy);
      const peerAddress = 'approval';
      await this.agents.putBack(tx, tenantId, lost, { actor: decidedBy, peerAddress, correlationId });
    });
  }

  /** @throws DomainError `not-found` */
  async close({ decidedBy, correlationId }: Decision): Promise<RecoveryState> {
    return this.database.inTenant(DEFAULT_TENANT_ID, async (tx) => {
      const closed = await this.rows.close(tx, decidedBy);
      const state = await this.rows.newest(tx);
      if (closed === 0 || state === undefined) throw new DomainError('not-found', 'no recovery is open');
      const details = { recovered: state.recovered, awaitingApproval: state.awaitingApproval, correlationId };
      const entry = { actor: decidedBy, action: 'recovery.closed', subject: state.recoveryId, details };
      await tx.audit(DEFAULT_TENANT_ID, entry);
      return state;
    });
  }
}
