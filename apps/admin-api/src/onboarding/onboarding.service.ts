import { DomainError } from '@app/contracts';
import {
  BearerTokenRepository,
  Database,
  OnboardingRepository,
  type OnboardingOverview,
  OnboardingRowRepository,
  type OnboardingRowOverview,
  OperatorRepository,
  type Page,
  type Transaction,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { type PageQuery, toPageRequest } from '../http/page.dto.js';
import type { Caller } from '../http/request.js';
import { FieldVault } from '../secrets/field-vault.js';
import { passphraseField } from './batch-sealer.js';
import { newPassphrase } from './new-passphrase.js';
import type { Onboarding, OnboardingCheck, OnboardingRow, StartedOnboarding } from './onboarding.dto.js';
import { inOrder, type Plan, planOf, takenErrors } from './onboarding-plan.js';
import type { Batch } from './onboarding-upload.js';
import { OnboardingWorker } from './onboarding.worker.js';
import { decodeRowCursor, encodeRowCursor } from './row-cursor.js';

const SALT_BYTES = 16;

@Injectable()
export class OnboardingService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OnboardingRepository) private readonly onboardings: OnboardingRepository,
    @Inject(OnboardingRowRepository) private readonly rows: OnboardingRowRepository,
    @Inject(FieldVault) private readonly vault: FieldVault,
    @Inject(OperatorRepository) private readonly operators: OperatorRepository,
    @Inject(BearerTokenRepository) private readonly sessions: BearerTokenRepository,
    @Inject(OnboardingWorker) private readonly worker: OnboardingWorker,
  ) {}

  /** Finds every error at once; creates nothing. */
  async check({ tenantId }: Caller, { sheet }: Batch): Promise<OnboardingCheck> {
    const { rows, errors } = await this.plan(tenantId, { sheet });
    return { valid: errors.length === 0, total: Math.max(rows.length, sheet.rows.length), errors };
  }

  /**
   * The work goes on by itself, also after a restart, as long as who started it may.
   * @throws DomainError `onboarding-invalid` with every error, `unauthenticated` for who was disabled just now
   */
  async start(caller: Caller, batch: Batch): Promise<StartedOnboarding> {
    const { tenantId, actor, correlationId } = caller;
    const { rows, errors } = await this.plan(tenantId, batch);
    if (errors.length > 0) throw onboardingInvalid(errors);
    const passphrase = batch.passphrase ?? newPassphrase();
    const id = randomUUID();
    const onboarding = {
      id,
      rows,
      createdBy: actor,
      correlationId,
      sealedPassphrase: this.vault.close(Buffer.from(passphrase), passphraseField(tenantId, id)),
      salt: randomBytes(SALT_BYTES),
    };
    const started = await this.database.inTenant(tenantId, async (tx) => {
      await this.holdCaller(tx, caller);
      await this.onboardings.insert(tx, tenantId, onboarding);
      const details = { total: rows.length, correlationId };
      await tx.audit(tenantId, { actor, action: 'onboarding.started', subject: id, details });
      return this.require(tx, tenantId, id);
    });
    this.worker.wake();
    return Object.assign(toOnboarding(started), { passphrase: batch.passphrase === undefined ? passphrase : null });
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<Onboarding>> {
    const request = toPageRequest(query);
    const page = await this.database.inTenant(tenantId, (tx) => this.onboardings.list(tx, tenantId, request));
    return { ...page, items: page.items.map(toOnboarding) };
  }

  /** @throws DomainError `onboarding-not-found` */
  async find(tenantId: string, id: string): Promise<Onboarding> {
    return toOnboarding(await this.database.inTenant(tenantId, (tx) => this.require(tx, tenantId, id)));
  }

  /** In the order of the file. @throws DomainError `onboarding-not-found` */
  async listRows(tenantId: string, id: string, { limit, cursor }: PageQuery): Promise<Page<OnboardingRow>> {
    const after = cursor === undefined ? 0 : decodeRowCursor(cursor);
    const rows = await this.database.inTenant(tenantId, async (tx) => {
      await this.require(tx, tenantId, id);
      return this.rows.list(tx, tenantId, id, after, limit + 1);
    });
    const items = rows.slice(0, limit).map(toRow);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? encodeRowCursor(last.number) : null };
  }

  /** What was created stays; rows that wait are left undone. @throws DomainError `onboarding-finished` */
  async cancel({ tenantId, actor, correlationId }: Caller, id: string): Promise<Onboarding> {
    const cancelled = await this.database.inTenant(tenantId, async (tx) => {
      const { state } = await this.require(tx, tenantId, id);
      if (state !== 'running') throw new DomainError('onboarding-finished', `the batch is ${state}`);
      const undone = await this.rows.cancel(tx, tenantId, id);
      if (!(await this.onboardings.finish(tx, tenantId, id, { state: 'cancelled', by: actor }))) {
        throw new DomainError('onboarding-finished', 'the batch has come to its end meanwhile');
      }
      const details = { undone, correlationId };
      await tx.audit(tenantId, { actor, action: 'onboarding.cancelled', subject: id, details });
      return this.require(tx, tenantId, id);
    });
    return toOnboarding(cancelled);
  }

  /** So that who is disabled, or whose password is reset, at the same time leaves no batch behind that nobody cancels. */
  private async holdCaller(tx: Transaction, { tenantId, operatorId, tokenId, via }: Caller): Promise<void> {
    const enabled = await this.operators.hold(tx, tenantId, operatorId);
    // A batch of an API token looks for its token before each row.
    if (enabled && (via === 'api-token' || !(await this.sessions.isRevoked(tx, tenantId, tokenId)))) return;
    throw new DomainError('unauthenticated', 'the session was ended just now');
  }

  private async plan(tenantId: string, { sheet }: Pick<Batch, 'sheet'>): Promise<Plan> {
    const { rows, errors } = planOf(sheet);
    const labels = rows.flatMap(({ label }) => (label === undefined ? [] : [label]));
    if (labels.length === 0) return { rows, errors };
    const taken = await this.database.inTenant(tenantId, (tx) => this.rows.takenLabels(tx, tenantId, labels));
    return { rows, errors: inOrder([...errors, ...takenErrors(sheet, new Set(taken))]) };
  }

  private async require(tx: Transaction, tenantId: string, id: string): Promise<OnboardingOverview> {
    const found = await this.onboardings.find(tx, tenantId, id);
    if (!found) throw new DomainError('onboarding-not-found', 'there is no such batch');
    return found;
  }
}

const onboardingInvalid = (errors: OnboardingCheck['errors']): DomainError =>
  new DomainError('onboarding-invalid', 'rows of the batch are not right, nothing was created: see errors', {
    fields: errors.map(({ row, line, column, detail }) => ({
      pointer: row === 0 ? `/${column}` : `/rows/${row - 1}/${column}`,
      detail: line === null ? detail : `line ${line}: ${detail}`,
    })),
  });

const toOnboarding = (row: OnboardingOverview): Onboarding => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  finishedAt: row.finishedAt?.toISOString() ?? null,
  downloadUntil: row.downloadUntil?.toISOString() ?? null,
  downloadedAt: row.downloadedAt?.toISOString() ?? null,
  erasedAt: row.erasedAt?.toISOString() ?? null,
});

const toRow = (row: OnboardingRowOverview): OnboardingRow => ({
  ...row,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  finishedAt: row.finishedAt?.toISOString() ?? null,
});
