import type { DomainError, entityExecute } from '@app/contracts';
import { Database, type EntityRow, RefusalLedger } from '@app/persistence';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { PtzUses } from './ptz-uses.js';

export type ExecuteRequest = z.output<typeof entityExecute.request>;

/** Nobody did it: the site, or somebody who steers the camera, said no. */
const REFUSALS = new Set<string>(['ptz-held', 'command-refused', 'command-unsupported']);

/** Who commanded what, on record before the site is asked; what did not come about, afterwards. */
@Injectable()
export class CommandAudit implements BeforeApplicationShutdown {
  private readonly uses = new PtzUses();

  constructor(
    private readonly database: Database,
    private readonly ledger: RefusalLedger,
  ) {}

  /** Of steering a camera the beginning of each use; the site's own log has the rest. */
  async sent({ tenantId, actor, command, level, correlationId }: ExecuteRequest, entity: EntityRow): Promise<void> {
    const { kind, ...what } = command;
    const isSteering = kind.startsWith('ptz-') && kind !== 'ptz-lock';
    if (isSteering && !this.uses.begins(`${tenantId} ${actor}`, entity.id)) return;
    const details = { command: kind, ...(isSteering ? {} : what), level, siteId: entity.site_id, correlationId };
    await this.database.inTenant(tenantId, (tx) =>
      tx.audit(tenantId, { actor, action: 'command.sent', subject: entity.id, details }),
    );
  }

  /** The same again and again is counted: details have nothing that is new each time. */
  async ended({ tenantId, actor, command, level, entityId }: ExecuteRequest, error: DomainError): Promise<void> {
    const { code, options } = error;
    const details = { command: command.kind, level, code, ...(options.hop ? { hop: options.hop } : {}) };
    const action = REFUSALS.has(code) ? 'command.refused' : 'command.failed';
    await this.ledger.note(tenantId, { actor, action, subject: entityId, details });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}
