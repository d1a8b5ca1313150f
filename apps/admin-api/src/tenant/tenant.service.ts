import { DomainError } from '@app/contracts';
import { Database, type Page, TenantRepository, type TenantRow } from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Tenant } from './tenant.dto.js';

const toTenant = ({ createdAt, ...row }: TenantRow): Tenant => ({ ...row, createdAt: createdAt.toISOString() });

@Injectable()
export class TenantService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TenantRepository) private readonly tenants: TenantRepository,
  ) {}

  async list(tenantId: string, query: PageQuery): Promise<Page<Tenant>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.tenants.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toTenant) };
  }

  /** @throws DomainError `not-found` */
  async find(tenantId: string, id: string): Promise<Tenant> {
    const row = await this.database.inTenant(tenantId, (tx) => this.tenants.find(tx, tenantId, id));
    if (!row) throw new DomainError('not-found', 'there is no such tenant');
    return toTenant(row);
  }
}
