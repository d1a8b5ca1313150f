import {
  type agentLock,
  type agentRevoke,
  type AgentState,
  type agentUnlock,
  DomainError,
  type enrolmentStale,
} from '@app/contracts';
import { Database, RevocationJournal, type Transaction } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { RevocationService } from '../revocation/revocation.service.js';
import { AgentRepository, type AgentRow } from './agent.repository.js';

type LockRequest = z.output<typeof agentLock.request>;
type UnlockRequest = z.output<typeof agentUnlock.request>;
type RevokeRequest = z.output<typeof agentRevoke.request>;
type StaleRequest = z.output<typeof enrolmentStale.request>;

interface Outcome {
  state: AgentState;
}

/** Why an agent is locked without an operator. */
const STALE = 'stale-certificate';

/** What becomes of an agent as a whole. Every step appends to the audit in its transaction, and is harmless when repeated. */
@Injectable()
export class AgentService {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentRepository,
    private readonly revocation: RevocationService,
    private readonly journal: RevocationJournal,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async revoke({ tenantId, agentId, actor, reason, correlationId }: RevokeRequest): Promise<Outcome> {
    const seq = await this.database.inTenant(tenantId, async (tx) => {
      if ((await this.agents.find(tx, tenantId, agentId)) === undefined) throw noAgent();
      return this.revocation.revokeAgent(tx, tenantId, agentId, { actor, reason, correlationId });
    });
    this.revocation.announce(seq);
    return { state: 'revoked' };
  }

  /** @throws DomainError `agent-state` for one that is not active */
  async lock({ tenantId, agentId, actor, reason, correlationId }: LockRequest): Promise<Outcome> {
    const seq = await this.database.inTenant(tenantId, async (tx) => {
      const agent = await this.required(tx, tenantId, agentId);
      if (agent.state !== 'locked') requireActive(agent);
      return this.lockNow(tx, tenantId, agent, { actor, reason, details: { correlationId } });
    });
    this.revocation.announce(seq);
    return { state: 'locked' };
  }

  /** @throws DomainError `agent-state` for one that is neither locked nor active */
  async unlock({ tenantId, agentId, actor, reason, correlationId }: UnlockRequest): Promise<Outcome> {
    await this.database.inTenant(tenantId, async (tx) => {
      const agent = await this.required(tx, tenantId, agentId);
      if (agent.state !== 'locked') return requireActive(agent);
      await this.agents.unlock(tx, tenantId, agentId);
      await this.journal.record(tx, { kind: 'agent-unlocked', tenantId, agentId });
      const details = { reason, lockedAt: agent.lockedAt?.toISOString(), correlationId };
      await tx.audit(tenantId, { actor, action: 'agent.unlocked', subject: agentId, details });
    });
    return { state: 'active' };
  }

  /** A broker says that a superseded certificate was used: by our own record, that is a copy of the agent's state. */
  async lockStale(request: StaleRequest): Promise<z.input<typeof enrolmentStale.reply>> {
    const { serial, agentId, peerAddress, correlationId } = request;
    const tenantId = await this.database.inSystem((tx) => this.agents.tenantOfCertificate(tx, serial));
    if (tenantId === undefined) throw unknownCertificate();
    const { seq, lockedAt } = await this.database.inTenant(tenantId, async (tx) => {
      const agent = await this.required(tx, tenantId, agentId);
      if (!(await this.agents.isStale(tx, tenantId, agentId, serial))) throw unknownCertificate();
      if (agent.state !== 'active') return { seq: 0, lockedAt: agent.lockedAt };
      const cause = { actor: 'system', reason: STALE, details: { serial, peerAddress, correlationId } };
      return { seq: await this.lockNow(tx, tenantId, agent, cause), lockedAt: agent.now };
    });
    if (seq > 0)
      this.logger.error({ agentId, serial, peerAddress }, 'a copy of an agent was found: the agent is locked');
    this.revocation.announce(seq);
    return { lockedAt: lockedAt?.toISOString() ?? null };
  }

  private async lockNow(
    tx: Transaction,
    tenantId: string,
    { agentId, state }: AgentRow,
    { actor, reason, details }: { actor: string; reason: string; details: Record<string, unknown> },
  ): Promise<number> {
    if (state === 'locked') return 0;
    await this.agents.lock(tx, tenantId, agentId, reason);
    await this.journal.record(tx, { kind: 'agent-locked', tenantId, agentId, reason });
    await tx.audit(tenantId, { actor, action: 'agent.locked', subject: agentId, details: { reason, ...details } });
    return this.revocation.cutAgent(tx, tenantId, agentId, reason);
  }

  private async required(tx: Transaction, tenantId: string, agentId: string): Promise<AgentRow> {
    const agent = await this.agents.lockRow(tx, tenantId, agentId);
    if (agent === undefined) throw noAgent();
    return agent;
  }
}

export function noAgent(): DomainError {
  return new DomainError('not-found', 'there is no such agent');
}

/** Raises `agent-state`. */
export function requireActive({ state }: AgentRow): void {
  if (state !== 'active') throw new DomainError('agent-state', `the agent is ${state}, not active`);
}

function unknownCertificate(): DomainError {
  return new DomainError('certificate-unknown', 'no such certificate of this agent is past its grace');
}
