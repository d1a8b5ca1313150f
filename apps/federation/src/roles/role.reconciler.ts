import { randomUUID } from 'node:crypto';
import { formatTunnelAddress } from '@app/contracts';
import { Database, FederationRoleRepository, SiteDirectoryRepository, type SiteRow } from '@app/persistence';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { FederationConfig } from '../config.js';

const MAX_PER_ROUND = 500;

/** A new site brings a role, ready to be activated: its tunnel address is proposed, the account is missing. Several processes may try. */
@Injectable()
export class RoleReconciler {
  constructor(
    private readonly database: Database,
    private readonly roles: FederationRoleRepository,
    private readonly sites: SiteDirectoryRepository,
    @Inject(CONFIG) private readonly config: FederationConfig,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  async createMissing(): Promise<void> {
    const sites = await this.database.inSystem((tx) => this.sites.withoutRole(tx, MAX_PER_ROUND));
    for (const site of sites) await this.create(site);
  }

  private async create({ tenant_id: tenantId, site_id: siteId, name, label }: SiteRow): Promise<void> {
    const directoryAddress = formatTunnelAddress({ service: 'directory', site: label }, this.config.ADIT_DOMAIN);
    const roleId = await this.database.inTenant(tenantId, async (tx) => {
      const id = await this.roles.create(tx, { id: randomUUID(), tenantId, siteId, name, directoryAddress }, 0);
      if (id === undefined) return undefined;
      await tx.audit(tenantId, {
        actor: 'system',
        action: 'federation-role.created',
        subject: id,
        details: { siteId, directoryAddress },
      });
      return id;
    });
    if (roleId !== undefined) this.logger.info({ tenantId, siteId, roleId }, 'a new site has its federation role');
  }
}
