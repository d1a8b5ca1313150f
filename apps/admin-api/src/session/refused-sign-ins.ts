import { Database, DEFAULT_TENANT_ID, type OperatorLogin, RefusalLedger } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';

/** Sign-ins that were refused, in the audit: by their number when there are many of one name from one address. */
@Injectable()
export class RefusedSignIns implements BeforeApplicationShutdown {
  private readonly ledger: RefusalLedger;

  constructor(@Inject(Database) database: Database, @Inject(LOGGER) logger: AppLogger) {
    this.ledger = new RefusalLedger(database, {
      onError: (error) => logger.warn({ err: error }, 'a refused sign-in is not on record'),
    });
  }

  /** An unknown name is not written down: people type passwords there. */
  note(operator: OperatorLogin | undefined, address: string, details: object = {}): Promise<void> {
    return this.ledger.note(operator?.tenantId ?? DEFAULT_TENANT_ID, {
      actor: operator ? `operator:${operator.username}` : 'unknown',
      action: 'session.refused',
      subject: operator?.id ?? 'unknown',
      details: { address, ...details },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}
