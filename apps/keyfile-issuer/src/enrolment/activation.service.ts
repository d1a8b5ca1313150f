import { DomainError, type enrolmentActivate } from '@app/contracts';
import { Database, type Transaction } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ActivationRepository, type Activatable } from './activation.repository.js';

type ActivateRequest = z.output<typeof enrolmentActivate.request>;

/** The first use of a pending certificate makes it the agent's current one. Doing it again changes nothing. */
@Injectable()
export class ActivationService {
  constructor(
    private readonly database: Database,
    private readonly rows: ActivationRepository,
  ) {}

  async activate(request: ActivateRequest): Promise<z.input<typeof enrolmentActivate.reply>> {
    const { serial, agentId } = request;
    const tenantId = await this.database.inSystem((tx) => this.rows.tenantOf(tx, serial));
    if (tenantId === undefined) throw unknown();
    return this.database.inTenant(tenantId, async (tx) => {
      const found = await this.rows.lock(tx, tenantId, serial);
      if (found === undefined || found.agentId !== agentId) throw unknown();
      if (found.agentState === 'revoked') throw noGood();
      if (found.agentState === 'locked') throw new DomainError('agent-locked', 'the agent is locked');
      if (found.state === 'current') return { state: 'current' };
      if (found.state !== 'pending' || found.expired) throw noGood();
      await this.makeCurrent(tx, tenantId, found, request);
      return { state: 'current' };
    });
  }

  private async makeCurrent(
    tx: Transaction,
    tenantId: string,
    certificate: Activatable,
    { peerAddress, correlationId }: ActivateRequest,
  ): Promise<void> {
    const { serial, agentId, keyfileId, agentState } = certificate;
    if (keyfileId !== null) await this.rows.closeToken(tx, tenantId, keyfileId);
    await this.rows.activateAgent(tx, tenantId, agentId);
    const superseded = await this.rows.supersede(tx, tenantId, agentId);
    await this.rows.makeCurrent(tx, tenantId, serial);
    const isReturn = keyfileId !== null && agentState === 'active';
    const action = agentState === 'pending' ? 'agent.activated' : isReturn ? 'agent.returned' : 'agent.renewed';
    const details = { serial, superseded, peerAddress, correlationId };
    await tx.audit(tenantId, { actor: `agent:${agentId}`, action, subject: agentId, details });
  }
}

function unknown(): DomainError {
  return new DomainError('certificate-unknown', 'no such certificate was issued to this agent');
}

function noGood(): DomainError {
  return new DomainError('enrolment-revoked', 'the certificate is no longer good for a tunnel');
}
