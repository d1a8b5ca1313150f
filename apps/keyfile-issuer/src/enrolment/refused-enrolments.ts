import { DomainError } from '@app/contracts';
import { Database, DEFAULT_TENANT_ID, RefusalLedger } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { EnrolmentRepository } from './enrolment.repository.js';

/** Nothing was decided against the asker. */
const NO_REFUSAL = new Set(['unavailable', 'internal', 'timeout']);
const CONTENDED = 'enrolment-used';

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
      const details = { code, address: withoutPort(peerAddress) };
      if (tenantId === undefined) {
        const entry = { actor: 'unknown', action: 'enrolment.refused', subject: 'unknown', details };
        return await this.ledger.note(DEFAULT_TENANT_ID, entry);
      }
      const who = { actor: `keyfile:${keyfileId}`, subject: keyfileId };
      if (code !== CONTENDED) {
        return await this.ledger.note(tenantId, { ...who, action: 'enrolment.refused', details });
      }
      const token = await this.database.inTenant(tenantId, (tx) => this.rows.findToken(tx, tenantId, keyfileId));
      const firstAddress = withoutPort(token?.claimedFrom ?? '');
      await this.ledger.note(tenantId, {
        ...who,
        action: 'enrolment.contended',
        details: { ...details, firstAddress },
      });
    } catch (error) {
      this.missing(error);
    }
  }

  private missing(error: unknown): void {
    this.logger.warn({ err: error }, 'a refused enrolment is not on record');
  }
}

/** The port is another one each time. */
const withoutPort = (address: string): string => address.replace(/:\d+$/, '');
