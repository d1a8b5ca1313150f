import { Database, RefusalLedger } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { ApiRequest, Caller } from '../http/request.js';

const LONGEST_PATH = 200;

export interface RefusedAct {
  action: string;
  subject: string;
  details?: Record<string, unknown>;
}

/** What was refused to somebody who is signed in, in the audit: by its number when it is the same many times. */
@Injectable()
export class RefusedRequests implements BeforeApplicationShutdown {
  private readonly ledger: RefusalLedger;

  constructor(@Inject(Database) database: Database, @Inject(LOGGER) logger: AppLogger) {
    this.ledger = new RefusalLedger(database, {
      byActor: true,
      onError: (error) => logger.warn({ err: error }, 'a refused request is not on record'),
    });
  }

  note({ tenantId, actor }: Pick<Caller, 'tenantId' | 'actor'>, act: RefusedAct): Promise<void> {
    return this.ledger.note(tenantId, { actor, ...act });
  }

  /** A request that was not let in to its route; the query stays out. */
  async access({ caller, method, path }: ApiRequest, details: Record<string, unknown>): Promise<void> {
    if (!caller) return;
    await this.note(caller, {
      action: 'access.refused',
      subject: caller.operatorId,
      details: { method, path: path.slice(0, LONGEST_PATH), ...details },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}
