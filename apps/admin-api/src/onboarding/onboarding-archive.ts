import { DELIVERED_AT_ONCE, DomainError, keyfileDelivered } from '@app/contracts';
import {
  Database,
  type OnboardingOverview,
  OnboardingRepository,
  OnboardingRowRepository,
  type OnboardingRowOverview,
} from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Caller } from '../http/request.js';
import { MAX_ROWS } from './onboarding-plan.js';

const MANIFEST = 'manifest.csv';
/** Already sealed: nothing left to compress. */
const STORED = { compress: false, mode: 0o100600 };

/** The keyfiles of a batch as one ZIP file, in which each is sealed. */
@Injectable()
export class OnboardingArchive {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OnboardingRepository) private readonly onboardings: OnboardingRepository,
    @Inject(OnboardingRowRepository) private readonly rows: OnboardingRowRepository,
    @Inject(MessageClient) private readonly messages: MessageClient,
  ) {}

  /**
   * May be repeated until the keyfiles are erased; the first time is when they count as handed out.
   * @throws DomainError `onboarding-not-found`, `onboarding-running`, `onboarding-erased`
   */
  async open(caller: Caller, id: string): Promise<Readable> {
    const { tenantId, actor, correlationId } = caller;
    const rows = await this.database.inTenant(tenantId, async (tx) => {
      requireThere(await this.onboardings.find(tx, tenantId, id));
      await this.onboardings.markDownloaded(tx, tenantId, id, actor);
      const details = { correlationId };
      await tx.audit(tenantId, { actor, action: 'onboarding.downloaded', subject: id, details });
      return this.rows.list(tx, tenantId, id, 0, MAX_ROWS);
    });
    const keyfileIds = rows.flatMap(({ keyfileId }) => (keyfileId === null ? [] : [keyfileId]));
    for (let from = 0; from < keyfileIds.length; from += DELIVERED_AT_ONCE) {
      const some = keyfileIds.slice(from, from + DELIVERED_AT_ONCE);
      await this.messages.request(keyfileDelivered, { tenantId, keyfileIds: some, deliveredTo: actor, correlationId });
    }
    return this.zip(tenantId, id, rows);
  }

  /** Each keyfile is read when it is its turn, so that a batch is never in memory as a whole. */
  private zip(tenantId: string, id: string, rows: readonly OnboardingRowOverview[]): Readable {
    const zip = new ZipFile();
    const output = zip.outputStream as Readable;
    zip.on('error', (error: Error) => output.destroy(error));
    zip.addBuffer(Buffer.from(manifestOf(rows)), MANIFEST, { compress: true, mode: 0o100600 });
    for (const { number, label, state } of rows) {
      if (state !== 'done' || label === null) continue;
      // Read before it is a stream: the archive hears no error of a stream that it was given, and the process would end of it.
      zip.addReadStreamLazy(`${label}.keyfile`, STORED, (take) => {
        this.contentOf(tenantId, id, number).then(
          (content) => take(null, Readable.from([content])),
          (error: unknown) => take(error, Readable.from([])),
        );
      });
    }
    zip.end();
    return output;
  }

  private async contentOf(tenantId: string, id: string, number: number): Promise<Buffer> {
    const content = await this.database.inTenant(tenantId, (tx) => this.rows.keyfile(tx, tenantId, id, number));
    if (content === undefined) throw erased();
    return Buffer.from(content);
  }
}

const requireThere = (onboarding: OnboardingOverview | undefined): void => {
  if (!onboarding) throw new DomainError('onboarding-not-found', 'there is no such batch');
  if (onboarding.state === 'running') throw new DomainError('onboarding-running', 'the batch is still being worked on');
  if (onboarding.erasedAt !== null) throw erased();
};

const erased = (): DomainError => new DomainError('onboarding-erased', 'the keyfiles of the batch are erased');

/** For spreadsheets: with BOM, and no cell that one would take for a formula. */
const manifestOf = (rows: readonly OnboardingRowOverview[]): string =>
  stringify(
    rows.map((row) => ({
      ...row,
      file: row.state === 'done' ? `${row.label}.keyfile` : '',
      expiresAt: row.expiresAt?.toISOString(),
    })),
    {
      bom: true,
      header: true,
      escape_formulas: true,
      columns: [
        'number',
        'name',
        'label',
        'state',
        'file',
        'fingerprint',
        'keyfileId',
        'siteId',
        'expiresAt',
        'errorCode',
        'errorDetail',
      ],
    },
  );
