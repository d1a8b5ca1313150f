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
    const order = { tenantId, siteId, siteName, returnOf: agentId, issuedBy: actor, issuedAt, downloadedBy: actor };
    const terms = { validForMs: validForSeconds * 1000, sealed: false, replacesAtEnrolment: false };
    const draft = await draftKeyfile({ ...order, ...terms }, this.authority);
    const { keyfile, seq } = await this.store(draft, request);
    this.revocation.announce(seq);
    return { keyfile, sealedKeyfile: await this.seals.forAdminApi(draft.text), fingerprint: draft.fingerprint };
  }

  /** An earlier approval that is still open, and a renewal that was never used, give way to this one. */
  private store({ row }: KeyfileDraft, request: ReturnRequest): Promise<{ keyfile: KeyfileSummary; seq: number }> {
    const { tenantId, agentId, actor, correlationId } = request;
    const cause = { actor, reason: 'replaced', correlationId };
    return this.database.inTenant(tenantId, async (tx) => {
      let newest = 0;
      for (const open of await this.returns.lockOpen(tx, tenantId, agentId)) {
        newest = Math.max(newest, await this.revocation.revokeKeyfile(tx, tenantId, open, cause));
      }
      const agent = await this.agents.lockRow(tx, tenantId, agentId);
      if (agent === undefined) throw noAgent();
      requireActive(agent);
      const { seq, serials: dropped } = await this.revocation.revokePending(
        tx,
        { tenantId, agentId },
        'any',
        cause.reason,
      );
      await this.keyfiles.insert(tx, row);
      const { keyfileId, expiresAt } = row;
      const details = { keyfileId, expiresAt: expiresAt.toISOString(), dropped, correlationId };
      await tx.audit(tenantId, { actor, action: 'agent.return-approved', subject: agentId, details });
      const keyfile = await this.keyfiles.find(tx, tenantId, keyfileId);
      if (keyfile === undefined) throw new DomainError('keyfile-not-found', 'there is no such keyfile');
      return { keyfile, seq: Math.max(newest, seq) };
    });
  }
}
