import { type agentApproveReturn, DomainError, type KeyfileSummary } from '@app/contracts';
import { Database } from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AuthorityService } from '../authority/authority.service.js';
import { Seals } from '../authority/seals.js';
import { draftKeyfile, type KeyfileDraft } from '../keyfile/keyfile-draft.js';
import { KeyfileRepository } from '../keyfile/keyfile.repository.js';
import { RevocationService } from '../revocation/revocation.service.js';
import { AgentRepository } from './agent.repository.js';
import { noAgent, requireActive } from './agent.service.js';
import { ReturnRepository } from './return.repository.js';

type ReturnRequest = z.output<typeof agentApproveReturn.request>;

/**
 * The way back of an agent whose certificate is over: a keyfile for the agent that is there. It opens the enrolment and
 * nothing else, and the issuer asks for a proof by the agent's own key besides, so that whoever finds it has nothing.
 */
@Injectable()
export class ReturnService {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentRepository,
    private readonly returns: ReturnRepository,
    private readonly keyfiles: KeyfileRepository,
    private readonly authority: AuthorityService,
    private readonly revocation: RevocationService,
    private readonly seals: Seals,
  ) {}

  /** @throws DomainError `not-found`; `agent-state` for an agent that is not active */
  async approve(request: ReturnRequest): Promise<z.input<typeof agentApproveReturn.reply>> {
    const { tenantId, agentId, actor, validForSeconds } = request;
    const agent = await this.database.inTenant(tenantId, (tx) => this.agents.find(tx, tenantId, agentId));
    if (agent === undefined) throw noAgent();
    requireActive(agent);
    const { siteId, siteName, now: issuedAt } = agent;
    const order = { tenantId, siteId, siteName, agentId, issuedBy: actor, issuedAt };
    const draft = await draftKeyfile({ ...order, validForMs: validForSeconds * 1000 }, this.authority);
    const keyfile = await this.store(draft, request);
    return { keyfile, sealedKeyfile: await this.seals.forAdminApi(draft.text), fingerprint: draft.fingerprint };
  }

  /** An earlier approval that is still open, and a renewal that was never used, give way to this one. */
  private store({ row }: KeyfileDraft, request: ReturnRequest): Promise<KeyfileSummary> {
    const { tenantId, agentId, actor, correlationId } = request;
    const cause = { actor, reason: 'replaced', correlationId };
    return this.database.inTenant(tenantId, async (tx) => {
      for (const open of await this.returns.lockOpen(tx, tenantId, agentId)) {
        await this.revocation.revokeKeyfile(tx, tenantId, open, cause);
      }
      const agent = await this.agents.lockRow(tx, tenantId, agentId);
      if (agent === undefined) throw noAgent();
      requireActive(agent);
      const dropped = await this.returns.revokePending(tx, tenantId, agentId);
      await this.returns.insert(tx, row);
      const { keyfileId, expiresAt } = row;
      const details = { keyfileId, expiresAt: expiresAt.toISOString(), dropped, correlationId };
      await tx.audit(tenantId, { actor, action: 'agent.return-approved', subject: agentId, details });
      const keyfile = await this.keyfiles.find(tx, tenantId, keyfileId);
      if (keyfile === undefined) throw new DomainError('keyfile-not-found', 'there is no such keyfile');
      return keyfile;
    });
  }
}
