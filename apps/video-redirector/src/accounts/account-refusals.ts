import { Database, RefusalLedger, type StreamAccountStatus } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { networkOf } from './failure-limit.js';

/** Refused attempts with the name of an account, in the audit of its tenant; nobody waits for the row, so that it takes no time to tell by. */
@Injectable()
export class AccountRefusals implements BeforeApplicationShutdown {
  private readonly ledger: RefusalLedger;

  constructor(@Inject(Database) database: Database, @Inject(LOGGER) logger: AppLogger) {
    this.ledger = new RefusalLedger(database, {
      onError: (error) => logger.warn({ err: error }, 'a refused stream account is not on record'),
    });
  }

  /** Never rejects. */
  note({ tenantId, id, username }: StreamAccountStatus, reason: string, address: string): Promise<void> {
    return this.ledger.note(tenantId, {
      actor: `stream-account:${username}`,
      action: 'stream-account.refused',
      subject: id,
      details: { reason, from: networkOf(address) },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}
