import { DomainError, type IfMatch, ResourceTag } from '@app/contracts';
import {
  Database,
  DEFAULT_TENANT_ID,
  OperatorRepository,
  type Page,
  TenantRepository,
  type TenantRow,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { RefusedRequests } from '../access/refused-requests.js';
import type { Role } from '../access/role.js';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { PasswordHasher } from '../session/password.js';
import type { CreatedTenant, NewTenant, Tenant } from './tenant.dto.js';

export const tenantTag = new ResourceTag<Tenant>();

const FIRST_ROLES: readonly Role[] = ['administrator', 'security-officer'];

/** The tenant that exists from the start is the provider's: it makes, sees and names the others, and sees nothing in them. */
const isProvider = (tenantId: string): boolean => tenantId === DEFAULT_TENANT_ID;

const visibleTo = (tenantId: string, id: string): boolean => isProvider(tenantId) || id === tenantId;

const toTenant = ({ createdAt, ...row }: TenantRow): Tenant => ({ ...row, createdAt: createdAt.toISOString() });

@Injectable()
export class TenantService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TenantRepository) private readonly tenants: TenantRepository,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(PasswordHasher) private readonly passwords: PasswordHasher,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  /** @throws DomainError `forbidden` for any other tenant than the provider's, `username-taken` */
  async create(caller: Caller, { name, administrator }: NewTenant): Promise<CreatedTenant> {
    await this.refuseOthers(caller, 'new');
    const passwordHash = await this.passwords.hash(administrator.password);
    const { username } = administrator;
    const { tenantId: provider, actor } = caller;
    const id = uuidv7();
    return this.database.inTenant(id, async (tx) => {
      const row = await this.tenants.insert(tx, id, name);
      const administratorId = await this.operators.insert(tx, id, { username, passwordHash, roles: FIRST_ROLES });
      if (administratorId === undefined) throw new DomainError('username-taken', 'another operator has that name');
      await tx.audit(provider, { actor, action: 'tenant.created', subject: id, details: { name } });
      const details = { username, roles: FIRST_ROLES, by: 'provider' };
      await tx.audit(id, { actor: 'system', action: 'operator.created', subject: administratorId, details });
      return Object.assign(toTenant(row), { administratorId });
    });
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<Tenant>> {
    const request = toPageRequest(query);
    const only = isProvider(tenantId) ? undefined : tenantId;
    const page = await this.database.inSystem((tx) => this.tenants.list(tx, only, request));
    return { ...page, items: page.items.map(toTenant) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, id: string): Promise<Tenant> {
    const row = visibleTo(tenantId, id) && (await this.database.inSystem((tx) => this.tenants.find(tx, id)));
    if (!row) throw new DomainError('not-found', 'there is no such tenant');
    return toTenant(row);
  }

  /** @throws DomainError `not-found`, `forbidden` for any other tenant than the provider's, `precondition-failed` */
  async change(caller: Caller, id: string, name: string, ifMatch: IfMatch): Promise<Tenant> {
    const { tenantId, actor } = caller;
    await this.find(tenantId, id);
    await this.refuseOthers(caller, id);
    await this.database.inTenant(tenantId, async (tx) => {
      const before = await this.tenants.lock(tx, id);
      if (before) tenantTag.require(ifMatch, toTenant(before));
      await this.tenants.rename(tx, id, name);
      await tx.audit(tenantId, { actor, action: 'tenant.renamed', subject: id, details: { name } });
    });
    return this.find(tenantId, id);
  }

  private async refuseOthers(caller: Caller, subject: string): Promise<void> {
    if (isProvider(caller.tenantId)) return;
    await this.refusals.note(caller, { action: 'tenant.refused', subject });
    throw new DomainError('forbidden', 'only operators of the provider’s own tenant make and rename tenants');
  }
}
