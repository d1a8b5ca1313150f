import { DomainError, type IfMatch, roleDelete, roleList, siteChanged } from '@app/contracts';
import {
  Database,
  EntityNoteRepository,
  SiteRepository,
  type Transaction,
  ViewTicketRepository,
} from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/request.js';
import { SiteService } from './site.service.js';

/** Takes a site away, with its federation role, its view tickets and the notes of its entities; its history and its audit stay. */
@Injectable()
export class SiteDeletionService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SiteRepository) private readonly repository: SiteRepository,
    @Inject(ViewTicketRepository) private readonly tickets: ViewTicketRepository,
    @Inject(EntityNoteRepository) private readonly notes: EntityNoteRepository,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /**
   * Refused while the site has an agent or an open keyfile: to end an identity is a decision of its own. The role goes
   * first, at federation: when that is away nothing has happened, and the same request may be repeated.
   * @throws DomainError `not-found`, `precondition-failed`, `site-in-use`; whatever federation answers
   */
  async delete(caller: Caller, id: string, ifMatch: IfMatch): Promise<void> {
    const { tenantId, actor } = caller;
    await this.database.inTenant(tenantId, async (tx) => {
      await this.sites.lock(tx, tenantId, id, ifMatch);
      await this.refuseWhenInUse(tx, tenantId, id);
    });
    await this.deleteRoles(caller, id);
    await this.database.inTenant(tenantId, async (tx) => {
      const { label, name } = await this.sites.lock(tx, tenantId, id, ifMatch);
      await this.refuseWhenInUse(tx, tenantId, id);
      const ticketsRevoked = await this.tickets.revokeOfSite(tx, tenantId, label);
      await this.notes.removeOfSite(tx, tenantId, id);
      await this.repository.delete(tx, tenantId, id);
      const details = { label, name, ticketsRevoked };
      await tx.audit(tenantId, { actor, action: 'site.deleted', subject: id, details });
    });
    this.messages.emit(siteChanged, { tenantId, siteId: id });
  }

  private async refuseWhenInUse(tx: Transaction, tenantId: string, id: string): Promise<void> {
    if (!(await this.repository.isInUse(tx, tenantId, id))) return;
    throw new DomainError('site-in-use', 'the site has an agent or an open keyfile: revoke that first');
  }

  private async deleteRoles({ tenantId, actor, correlationId }: Caller, siteId: string): Promise<void> {
    const { items } = await this.messages.request(roleList, { tenantId, siteId, limit: 50 });
    for (const { id: roleId } of items) {
      await this.messages.request(roleDelete, { tenantId, actor, correlationId, roleId });
    }
  }
}
