import { randomUUID } from 'node:crypto';
import {
  DomainError,
  formatTunnelAddress,
  type FederationRole,
  type roleCreate,
  type roleDelete,
  roleTag,
  type roleList,
  type roleUpdate,
} from '@app/contracts';
import {
  Database,
  FederationRoleRepository,
  type FederationRoleRow,
  SiteDirectoryRepository,
  type Transaction,
} from '@app/persistence';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionSupervisor } from '../connections/connection.supervisor.js';
import { SiteDialer } from '../connections/site-dialer.js';
import { readCursor } from '../database/page-cursor.js';
import { PasswordVault } from './password-vault.js';
import {
  changedMembers,
  contactEffect,
  mergeSettings,
  parseAddress,
  toRole,
  type RoleChanges,
} from './role-settings.js';
import { missingSettings } from './role-state.js';

/** Each has contacts of its own with the site. */
const MAX_ROLES_PER_SITE = 8;

type UpdateRequest = z.output<typeof roleUpdate.request>;

/** Federation roles as operators change them. */
@Injectable()
export class RoleService {
  constructor(
    private readonly database: Database,
    private readonly roles: FederationRoleRepository,
    private readonly sites: SiteDirectoryRepository,
    private readonly vault: PasswordVault,
    private readonly dialer: SiteDialer,
    private readonly supervisor: ConnectionSupervisor,
  ) {}

  async list(request: z.output<typeof roleList.request>): Promise<z.input<typeof roleList.reply>> {
    const { tenantId, siteId, limit } = request;
    const cursor = readCursor(request.cursor);
    const rows = await this.database.inTenant(tenantId, (tx) =>
      this.roles.page(tx, tenantId, { siteId, cursor, limit: limit + 1 }),
    );
    const shown = rows.slice(0, limit);
    return { items: shown.map(toRole), nextCursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
  }

  async get(tenantId: string, roleId: string): Promise<FederationRole> {
    return this.database.inTenant(tenantId, async (tx) => toRole(await this.mustFind(tx, tenantId, roleId)));
  }

  async update(request: UpdateRequest): Promise<FederationRole> {
    const { tenantId, roleId } = request;
    const role = await this.database.inTenant(tenantId, async (tx) => {
      const row = await this.roles.findForUpdate(tx, tenantId, roleId);
      if (row === undefined) throw notFound();
      roleTag.require(request.ifMatch, toRole(row));
      return this.apply(tx, row, request);
    });
    this.supervisor.refresh();
    return role;
  }

  async create(request: z.output<typeof roleCreate.request>): Promise<FederationRole> {
    const { tenantId, siteId, actor } = request;
    const site = await this.database.inSystem((tx) => this.sites.find(tx, tenantId, siteId));
    if (site === undefined) throw new DomainError('not-found', 'there is no such site');
    const role = await this.database.inTenant(tenantId, async (tx) => {
      const directoryAddress = formatTunnelAddress({ service: 'directory', site: site.label }, this.dialer.domain);
      const created = { id: randomUUID(), tenantId, siteId, name: site.name, directoryAddress };
      const roleId = await this.roles.create(tx, created, MAX_ROLES_PER_SITE);
      if (roleId === undefined)
        throw new DomainError('conflict', `the site has ${MAX_ROLES_PER_SITE} federation roles already`);
      await tx.audit(tenantId, { actor, action: 'federation-role.created', subject: roleId, details: { siteId } });
      return this.apply(tx, await this.mustFind(tx, tenantId, roleId), request);
    });
    this.supervisor.refresh();
    return role;
  }

  async remove(request: z.output<typeof roleDelete.request>): Promise<object> {
    const { tenantId, roleId, actor, correlationId } = request;
    await this.database.inTenant(tenantId, async (tx) => {
      const row = await this.roles.findForUpdate(tx, tenantId, roleId);
      if (row === undefined) throw notFound();
      roleTag.require(request.ifMatch, toRole(row));
      await this.roles.remove(tx, tenantId, roleId);
      const details = { siteId: row.site_id, correlationId };
      await tx.audit(tenantId, { actor, action: 'federation-role.deleted', subject: roleId, details });
    });
    this.supervisor.refresh();
    return {};
  }

  private async apply(
    tx: Transaction,
    row: FederationRoleRow,
    request: Pick<UpdateRequest, 'changes' | 'sealedPassword' | 'actor' | 'correlationId'>,
  ): Promise<FederationRole> {
    const { tenant_id: tenantId, id: roleId } = row;
    const { changes, sealedPassword, actor, correlationId } = request;
    this.checkAddress(row, changes);
    const password =
      sealedPassword === undefined ? undefined : await this.vault.receive(sealedPassword, { tenantId, roleId });
    const settings = mergeSettings(row, changes, password);
    const missing = missingSettings({ ...settings, hasPassword: settings.passwordSealed !== null }, (address) =>
      this.dialer.isTunnelled(address),
    );
    if (settings.enabled && missing.length > 0) {
      const fields = missing.map((member) => ({
        pointer: `/${member}`,
        detail: 'is needed before the role is enabled',
      }));
      throw new DomainError('role-incomplete', `the role still needs ${missing.join(', ')}`, { fields });
    }
    const effect = contactEffect(row, settings);
    await this.roles.configure(tx, tenantId, roleId, settings, effect);
    if (!settings.enabled) {
      const state = missing.length > 0 ? 'unconfigured' : 'disabled';
      const reason = missing.length > 0 ? `missing: ${missing.join(', ')}` : null;
      await this.roles.setState(tx, { tenantId, roleId }, state, reason);
    } else if (effect.ends) {
      await this.roles.setState(tx, { tenantId, roleId }, 'connecting', null);
    }
    const details = { ...changedMembers(changes), passwordChanged: password !== undefined, correlationId };
    await tx.audit(tenantId, { actor, action: 'federation-role.changed', subject: roleId, details });
    return toRole(await this.mustFind(tx, tenantId, roleId));
  }

  private checkAddress({ site_label: siteLabel }: FederationRoleRow, { directoryAddress }: RoleChanges): void {
    if (directoryAddress !== undefined) parseAddress(directoryAddress, this.dialer.domain, siteLabel);
  }

  private async mustFind(tx: Transaction, tenantId: string, roleId: string): Promise<FederationRoleRow> {
    const row = await this.roles.find(tx, tenantId, roleId);
    if (row === undefined) throw notFound();
    return row;
  }
}

const notFound = (): DomainError => new DomainError('role-not-found', 'there is no such federation role');
