import { DomainError } from '@app/contracts';
import { Database, DEFAULT_TENANT_ID, RefusalLedger } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { EnrolmentRepository } from './enrolment.repository.js';

/** Nothing was decided against the asker; a second key for one keyfile has a row of its own. */
const NO_REFUSAL = new Set(['unavailable', 'internal', 'timeout', 'enrolment-used']);

interface Asked {
  keyfileId: string;
  peerAddress: string;
}

/** Enrolments that were turned away, in the audit: by their number when there are many. They write nothing else. */
@Injectable()
export class RefusedEnrolments implements BeforeApplicationShutdown {
  private readonly ledger: RefusalLedger;

  constructor(
    private readonly database: Database,
    private readonly rows: EnrolmentRepository,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {
    this.ledger = new RefusalLedger(database, { onError: (error) => this.missing(error) });
  }

  /** The answer as it is; a refusal has been noted before. */
  async onRecord<T>(asked: Asked, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof DomainError && !NO_REFUSAL.has(error.code)) await this.note(asked, error.code);
      throw error;
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }

  /** What a stranger claims about itself is not repeated: a keyfile that nobody issued is `unknown`. */
  private async note({ keyfileId, peerAddress }: Asked, code: string): Promise<void> {
    try {
      const tenantId = await this.database.inSystem((tx) => this.rows.tenantOfKeyfile(tx, keyfileId));
      const subject = tenantId === undefined ? 'unknown' : keyfileId;
      const address = peerAddress.replace(/:\d+$/, '');
      await this.ledger.note(tenantId ?? DEFAULT_TENANT_ID, {
        actor: tenantId === undefined ? 'unknown' : `keyfile:${keyfileId}`,
        action: 'enrolment.refused',
        subject,
        details: { code, address },
      });
    } catch (error) {
      this.missing(error);
    }
  }

  private missing(error: unknown): void {
    this.logger.warn({ err: error }, 'a refused enrolment is not on record');
  }
}
