import { agentApproveReturn, agentLock, agentRevoke, agentUnlock, DomainError } from '@app/contracts';
import { type AgentViewRow, AgentViewRepository, type CertificateViewRow, Database, type Page } from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import type { IssuedKeyfile } from '../keyfile/keyfile.dto.js';
import { Seal } from '../secrets/seal.js';
import type { Agent, AgentCertificate, AgentPageQuery } from './agent.dto.js';

const ORDERS = { revoke: agentRevoke, lock: agentLock, unlock: agentUnlock } as const;

const instant = (date: Date | null): string | null => date?.toISOString() ?? null;

const toAgent = (row: AgentViewRow): Agent => {
  const { certificateSerial: serial, certificateNotAfter: notAfter, certificateExpired: expired, ...rest } = row;
  return {
    ...rest,
    createdAt: row.createdAt.toISOString(),
    activatedAt: instant(row.activatedAt),
    lockedAt: instant(row.lockedAt),
    revokedAt: instant(row.revokedAt),
    lastSeenAt: instant(row.lastSeenAt),
    certificate:
      serial === null || notAfter === null
        ? null
        : { serial, notAfter: notAfter.toISOString(), expired: expired === true },
  };
};

const toCertificate = (row: CertificateViewRow): AgentCertificate => ({
  ...row,
  notBefore: row.notBefore.toISOString(),
  notAfter: row.notAfter.toISOString(),
  createdAt: row.createdAt.toISOString(),
  activatedAt: instant(row.activatedAt),
  supersededAt: instant(row.supersededAt),
  revokedAt: instant(row.revokedAt),
});

/** Reads agents here; what changes them is the issuer's, which audits it in the transaction that does it. */
@Injectable()
export class AgentService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AgentViewRepository) private readonly agents: AgentViewRepository,
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(Seal) private readonly seal: Seal,
  ) {}

  async list(tenantId: string, { siteId, state, ...page }: AgentPageQuery): Promise<Page<Agent>> {
    const request = toPageRequest(page);
    const found = await this.database.inTenant(tenantId, (tx) =>
      this.agents.list(tx, tenantId, { siteId, state }, request),
    );
    return { ...found, items: found.items.map(toAgent) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, agentId: string): Promise<Agent> {
    const row = await this.database.inTenant(tenantId, (tx) => this.agents.find(tx, tenantId, agentId));
    if (!row) throw new DomainError('not-found', 'there is no such agent');
    return toAgent(row);
  }

  /** @throws DomainError `not-found` */
  async certificates(tenantId: string, agentId: string, query: PageQuery): Promise<Page<AgentCertificate>> {
    const request = toPageRequest(query);
    await this.find(tenantId, agentId);
    const page = await this.database.inTenant(tenantId, (tx) =>
      this.agents.certificates(tx, tenantId, agentId, request),
    );
    return { ...page, items: page.items.map(toCertificate) };
  }

  /** @throws DomainError `not-found`, `agent-state` */
  async order(caller: Caller, agentId: string, what: keyof typeof ORDERS, reason: string): Promise<Agent> {
    const { tenantId, actor, correlationId } = caller;
    await this.messages.request(ORDERS[what], { tenantId, agentId, actor, reason, correlationId });
    return this.find(tenantId, agentId);
  }

  /** @throws DomainError `not-found`, `agent-state` */
  async approveReturn(caller: Caller, agentId: string, validForSeconds?: number): Promise<IssuedKeyfile> {
    const { tenantId, actor, correlationId } = caller;
    const { keyfile, sealedKeyfile, fingerprint } = await this.messages.request(agentApproveReturn, {
      tenantId,
      agentId,
      actor,
      correlationId,
      ...(validForSeconds === undefined ? {} : { validForSeconds }),
    });
    return { keyfile, content: await this.seal.open(sealedKeyfile), fingerprint };
  }
}
