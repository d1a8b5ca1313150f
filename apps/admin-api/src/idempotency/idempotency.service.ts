import { canonicalJson, DomainError } from '@app/contracts';
import { Database, type IdempotencyOwner, IdempotencyRepository } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../http/request.js';
import { type FieldOwner, FieldVault } from '../secrets/field-vault.js';

const LEASE_SECONDS = 30;
const RENEWAL_MS = 10_000;
const PRUNE_MS = 3_600_000;
const RETRY_AFTER_MS = 1_000;
/** A longer answer is not kept. */
const MAX_ANSWER_LENGTH = 256 * 1024;

/** What is answered again, byte for byte. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  /** JSON text; null for no body */
  body: string | null;
}

export interface IdempotentRequest {
  method: string;
  /** path and query */
  url: string;
  body: unknown;
}

/** The right to run the request of a key; ends with `complete` or `release`. */
export interface Claim {
  owner: IdempotencyOwner;
  id: string;
  renewal: NodeJS.Timeout;
}

/** Runs the request of an Idempotency-Key once, and keeps its answer for 24 h (draft-ietf-httpapi-idempotency-key-header-07). */
@Injectable()
export class IdempotencyService implements OnModuleInit, OnApplicationShutdown {
  private pruning: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(IdempotencyRepository) private readonly keys: IdempotencyRepository,
    @Inject(FieldVault) private readonly vault: FieldVault,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  onModuleInit(): void {
    this.pruning = setInterval(() => void this.prune(), PRUNE_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.pruning);
  }

  /**
   * @returns a claim for the first request, the kept answer for its repetition
   * @throws DomainError `idempotency-key-reused`, `idempotency-in-progress`, `idempotency-answer-not-kept`
   */
  async begin(caller: Caller, key: string, request: IdempotentRequest): Promise<Claim | KeptAnswer> {
    const owner = {
      tenantId: caller.tenantId,
      caller: caller.actor,
      keyDigest: this.vault.digest('idempotency key', key),
    };
    const { method, url, body } = request;
    const requestDigest = this.vault.digest('idempotent request', method, url, canonicalJson(body));
    const id = randomUUID();
    const found = await this.database.inTenant(owner.tenantId, async (tx) => {
      if (await this.keys.claim(tx, owner, { id, requestDigest, leaseSeconds: LEASE_SECONDS })) return 'claimed';
      return this.keys.find(tx, owner);
    });
    if (found === 'claimed') return { owner, id, renewal: this.renewing(owner, id) };
    if (found && !found.requestDigest.equals(requestDigest)) {
      throw new DomainError('idempotency-key-reused', 'this Idempotency-Key came with another request before');
    }
    // Freed between the two statements: as good as under way, the next attempt claims it.
    if (!found?.answeredAt) {
      const options = { retryAfterMs: RETRY_AFTER_MS };
      throw new DomainError('idempotency-in-progress', 'a request with this Idempotency-Key is under way', options);
    }
    if (found.answerSealed) return this.opened(found.answerSealed, owner);
    throw new DomainError('idempotency-answer-not-kept', 'the request has succeeded; its answer is not kept');
  }

  /** @param answer null: not kept. What is made stays made: a failure here frees the key in time, and is only logged. */
  async complete({ owner, id, renewal }: Claim, answer: KeptAnswer | null): Promise<void> {
    clearInterval(renewal);
    const text = answer && JSON.stringify(answer);
    const sealed =
      text === null || text.length > MAX_ANSWER_LENGTH ? null : this.vault.close(Buffer.from(text), fieldOf(owner));
    await this.quietly(() => this.database.inTenant(owner.tenantId, (tx) => this.keys.complete(tx, owner, id, sealed)));
  }

  async release({ owner, id, renewal }: Claim): Promise<void> {
    clearInterval(renewal);
    await this.quietly(() => this.database.inTenant(owner.tenantId, (tx) => this.keys.release(tx, owner, id)));
  }

  private opened(sealed: Buffer, owner: IdempotencyOwner): KeptAnswer {
    return JSON.parse(this.vault.open(sealed, fieldOf(owner)).toString()) as KeptAnswer;
  }

  private renewing(owner: IdempotencyOwner, id: string): NodeJS.Timeout {
    const renew = (): Promise<void> =>
      this.database.inTenant(owner.tenantId, (tx) => this.keys.renew(tx, owner, id, LEASE_SECONDS));
    return setInterval(() => void this.quietly(renew), RENEWAL_MS).unref();
  }

  private prune(): Promise<void> {
    return this.quietly(() => this.database.inSystem((tx) => this.keys.prune(tx)));
  }

  private async quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ err: error }, 'the keys of creations are not up to date');
    }
  }
}

const fieldOf = ({ tenantId, caller, keyDigest }: IdempotencyOwner): FieldOwner => ({
  tenantId,
  field: 'idempotency_key.answer_sealed',
  rowId: `${caller}/${keyDigest.toString('hex')}`,
});
