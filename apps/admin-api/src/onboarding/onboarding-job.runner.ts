import { DomainError, type ErrorCode, keyfileIssue } from '@app/contracts';
import {
  Database,
  type OnboardingJob,
  OnboardingRepository,
  OnboardingRowRepository,
  type OnboardingTask,
  type Transaction,
  type WaitingRow,
} from '@app/persistence';
import { MessageClient } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { NewSite } from '../site/site.dto.js';
import { SiteService } from '../site/site.service.js';
import { BatchMandate } from './batch-mandate.js';
import { BatchSealer } from './batch-sealer.js';

/** Rows of one batch before it is the next one's turn. */
const TURN_ROWS = 20;
/** What a later attempt may cure; everything else is the row's own fault. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timeout', 'internal', 'rate-limited']);

interface Work extends OnboardingJob {
  tenantId: string;
  id: string;
}

interface BegunRow extends WaitingRow {
  siteId: string;
  label: string;
}

/**
 * Turns rows into sites with a sealed keyfile each. The site is stored with its row in one transaction. A keyfile is
 * issued under the lock of its row and stored before that ends; one that got lost in between is taken back by the issuer
 * when the next one of the site is issued. So each row has one site and one keyfile that works, wherever it was interrupted.
 */
@Injectable()
export class OnboardingJobRunner {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OnboardingRepository) private readonly onboardings: OnboardingRepository,
    @Inject(OnboardingRowRepository) private readonly rows: OnboardingRowRepository,
    @Inject(SiteService) private readonly sites: SiteService,
    @Inject(MessageClient) private readonly messages: MessageClient,
    @Inject(BatchSealer) private readonly sealer: BatchSealer,
    @Inject(BatchMandate) private readonly mandate: BatchMandate,
  ) {}

  /** @returns whether there is more to do for it at once. @throws DomainError of an outage: to be tried again */
  async turn({ onboardingId: id, tenantId, state }: OnboardingTask): Promise<boolean> {
    if (state !== 'running') return this.erase(tenantId, id);
    const job = await this.database.inTenant(tenantId, (tx) => this.onboardings.job(tx, tenantId, id));
    if (job === undefined) return this.over(id);
    const work = { ...job, tenantId, id };
    if (!(await this.prepare(work))) return this.finish(work);
    let after = 0;
    for (let count = 0; count < TURN_ROWS; count += 1) {
      const row = await this.begin(work, after);
      if (row === undefined) return this.finish(work);
      if (row.siteId !== null) await this.complete(work, row as BegunRow);
      after = row.number;
    }
    return true;
  }

  /** Without its passphrase nothing of a batch can be made. @returns false when all that waited was given up */
  private async prepare(work: Work): Promise<boolean> {
    try {
      await this.sealer.prepare(work.id, work);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      await this.database.inTenant(work.tenantId, (tx) => this.rows.fail(tx, work.tenantId, work.id, failure));
      return false;
    }
  }

  /** The next row, with its site. None when who started the batch may not go on: then it is cancelled. */
  private async begin(work: Work, after: number): Promise<WaitingRow | undefined> {
    const { tenantId, id, createdBy } = work;
    const row = await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.mandate.holds(tx, tenantId, createdBy))) {
        await this.mandate.withdraw(tx, tenantId, id);
        return undefined;
      }
      const next = await this.rows.lockNext(tx, tenantId, id, after);
      return next === undefined || next.siteId !== null ? next : this.createSite(tx, work, next);
    });
    if (row?.siteId) this.sites.announce(tenantId, row.siteId);
    return row;
  }

  private async createSite(tx: Transaction, work: Work, row: WaitingRow): Promise<WaitingRow> {
    const { tenantId, id, createdBy: actor } = work;
    const { number } = row;
    try {
      const site = await this.sites.createIn(tx, { tenantId, actor }, siteOf(row));
      await this.rows.setSite(tx, tenantId, id, number, site);
      return { ...row, siteId: site.id, label: site.label };
    } catch (error) {
      await this.fail(tx, work, number, failureOf(error));
      return row;
    }
  }

  private async complete(work: Work, row: BegunRow): Promise<void> {
    const { tenantId, id, createdBy } = work;
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.mandate.holds(tx, tenantId, createdBy))) return;
      if ((await this.rows.lock(tx, tenantId, id, row.number)) === undefined) return;
      try {
        const { keyfile, fingerprint, sealedKeyfile } = await this.issue(work, row);
        const { keyfileId, expiresAt } = keyfile;
        const result = { keyfileId, expiresAt, fingerprint, sealedKeyfile: await this.sealer.seal(id, sealedKeyfile) };
        await this.rows.finish(tx, tenantId, id, row.number, result);
      } catch (error) {
        await this.fail(tx, work, row.number, failureOf(error));
      }
    });
  }

  private issue(work: Work, { siteId, name, label, validForSeconds }: BegunRow) {
    return this.messages.request(keyfileIssue, {
      tenantId: work.tenantId,
      siteId,
      siteName: name,
      siteLabel: label,
      issuedBy: work.createdBy,
      correlationId: work.correlationId,
      sealed: true,
      delivered: false,
      ...(validForSeconds === null ? {} : { validForSeconds }),
    });
  }

  private async fail(tx: Transaction, work: Work, number: number, failure: Failure): Promise<void> {
    const { tenantId, id, createdBy: actor, correlationId } = work;
    await this.rows.fail(tx, tenantId, id, failure, number);
    const details = { number, code: failure.code, correlationId };
    await tx.audit(tenantId, { actor, action: 'onboarding.row-failed', subject: id, details });
  }

  /** Does nothing while another process has a row of it. */
  private async finish({ tenantId, id, correlationId }: Work): Promise<boolean> {
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.onboardings.finish(tx, tenantId, id, { state: 'completed', by: 'system' }))) return;
      const overview = await this.onboardings.find(tx, tenantId, id);
      const details = { done: overview?.done, failed: overview?.failed, correlationId };
      await tx.audit(tenantId, { actor: 'system', action: 'onboarding.completed', subject: id, details });
    });
    return this.over(id);
  }

  private async erase(tenantId: string, id: string): Promise<boolean> {
    await this.database.inTenant(tenantId, async (tx) => {
      if (!(await this.onboardings.erase(tx, tenantId, id))) return;
      await tx.audit(tenantId, { actor: 'system', action: 'onboarding.erased', subject: id });
    });
    return this.over(id);
  }

  private over(id: string): false {
    this.sealer.forget(id);
    return false;
  }
}

interface Failure {
  code: ErrorCode;
  detail: string;
}

const siteOf = ({ name, label, tags, address, latitude, longitude, notes }: WaitingRow): NewSite => ({
  name,
  tags,
  location: {
    ...(address === null ? {} : { address }),
    ...(latitude === null || longitude === null ? {} : { latitude, longitude }),
  },
  notes,
  ...(label === null ? {} : { label }),
});

/** What the row says of it. @throws the error itself when a later attempt may cure it */
const failureOf = (error: unknown): Failure => {
  if (error instanceof DomainError && !PASSING.has(error.code)) return { code: error.code, detail: error.detail };
  throw error;
};
