import { DomainError } from '@app/contracts';
import {
  type AttemptCounter,
  type AttemptRules,
  Database,
  SignInAttemptRepository,
  type Transaction,
} from '@app/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { FieldVault } from '../secrets/field-vault.js';
import { networkOf } from './network.js';

const RULES: AttemptRules = { firstWaitSeconds: 1, forgetSeconds: 900, knownSeconds: 30 * 86_400 };

/**
 * A name from one network, and a network with all names. Nothing counts a name from everywhere: who fills such a count
 * from many addresses would keep its owner out. What bounds guessing from there is the work on passwords (PasswordHasher).
 */
const NAME_THERE = { free: 5, maxWaitSeconds: 300 };
const NETWORK = { free: 20, maxWaitSeconds: 300 };

/** An attempt that was counted and is not judged yet. */
export interface Attempt {
  nameThere: AttemptCounter | undefined;
  network: AttemptCounter;
  /** This name has signed in from this network lately. */
  known: boolean;
}

/**
 * Slows sign-ins down that fail again and again, over all replicas and restarts: after a few free failures each further
 * one doubles the wait. Nobody waits for what others do in other networks.
 */
@Injectable()
export class SignInLimit {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SignInAttemptRepository) private readonly attempts: SignInAttemptRepository,
    @Inject(FieldVault) private readonly vault: FieldVault,
  ) {}

  /** Counts the attempt before it is judged. @throws DomainError `rate-limited` with the time to wait */
  async begin(address: string, username: string): Promise<Attempt> {
    const there = networkOf(address);
    const nameThere = { key: this.keyOf('name-there', there, username.toLowerCase()), ...NAME_THERE };
    const network = this.networkCounter(address);
    return this.database.inSystem(async (tx) => {
      const known = await this.attempts.isKnown(tx, nameThere.key, RULES);
      await this.count(tx, [nameThere, network]);
      return { nameThere, network, known };
    });
  }

  /** For a sign-in that names nobody before it is judged. @throws DomainError `rate-limited` with the time to wait */
  async beginUnnamed(address: string): Promise<Attempt> {
    const network = this.networkCounter(address);
    await this.database.inSystem((tx) => this.count(tx, [network]));
    return { nameThere: undefined, network, known: false };
  }

  async succeeded(attempt: Attempt): Promise<void> {
    await this.database.inSystem(async (tx) => {
      for (const counter of inOrder(countersOf(attempt))) {
        if (counter === attempt.nameThere) await this.attempts.succeeded(tx, counter.key);
        else await this.attempts.takeBack(tx, counter.key);
      }
    });
  }

  /** It was not judged after all. */
  async takeBack(attempt: Attempt): Promise<void> {
    await this.database.inSystem(async (tx) => {
      for (const { key } of inOrder(countersOf(attempt))) await this.attempts.takeBack(tx, key);
    });
  }

  async failed(): Promise<void> {
    await this.database.inSystem((tx) => this.attempts.prune(tx, RULES));
  }

  /** All of them or, by the failure of the transaction, none. @throws DomainError `rate-limited` */
  private async count(tx: Transaction, counters: readonly AttemptCounter[]): Promise<void> {
    const waitMs = await this.attempts.waitMs(
      tx,
      counters.map(({ key }) => key),
    );
    if (waitMs > 0) throw wait(waitMs);
    for (const counter of inOrder(counters)) {
      // Not counted: another attempt came first, after the look at the waits.
      if (!(await this.attempts.count(tx, counter, RULES))) throw wait(RULES.firstWaitSeconds * 1_000);
    }
  }

  private networkCounter(address: string): AttemptCounter {
    return { key: this.keyOf('network', networkOf(address)), ...NETWORK };
  }

  private keyOf(...parts: string[]): Buffer {
    return this.vault.digest('sign-in attempt', ...parts);
  }
}

const countersOf = ({ nameThere, network }: Attempt): AttemptCounter[] =>
  nameThere ? [nameThere, network] : [network];

/** One order for all transactions, so that no two wait for each other's rows. */
const inOrder = (counters: readonly AttemptCounter[]): AttemptCounter[] =>
  counters.toSorted((a, b) => Buffer.compare(a.key, b.key));

const wait = (retryAfterMs: number): DomainError =>
  new DomainError('rate-limited', 'too many failed sign-ins: wait', { retryAfterMs });
