import { DomainError } from '@app/contracts';
import { hash, verify } from 'argon2';

/** OWASP's argon2id parameters: 19 MiB, two passes. */
const ARGON2ID = { type: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 1_024;

const MAX_AT_ONCE = 2;
const MAX_WAITING = 16;

interface Waiting {
  first: boolean;
  go: () => void;
  refuse: (error: Error) => void;
}

/**
 * Hashes and compares passwords, a few at a time: each costs 19 MiB and tens of milliseconds of a core. That is also what
 * bounds guessing from many addresses. Who goes first passes those who wait, so that such a flood does not hold him up.
 */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: Waiting[] = [];
  private decoy: Promise<string> | undefined;

  /** For a caller who is signed in. */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, ARGON2ID), true);
  }

  /**
   * Without a stored hash it compares with a decoy, so that an unknown name costs the same time.
   * @param first for an attempt that is no stranger's
   * @throws DomainError `rate-limited` when too many wait
   */
  async matches(password: string, stored: string | undefined, first: boolean): Promise<boolean> {
    this.decoy ??= hash('decoy', ARGON2ID);
    const against = stored ?? (await this.decoy);
    const equal = await this.inTurn(() => verify(against, password), first);
    return equal && stored !== undefined;
  }

  private async inTurn<T>(work: () => Promise<T>, first: boolean): Promise<T> {
    if (this.running < MAX_AT_ONCE) this.running += 1;
    else await this.nextTurn(first);
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next.go();
      else this.running -= 1;
    }
  }

  private nextTurn(first: boolean): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) {
      const last = this.waiting.at(-1);
      if (!first || last === undefined || last.first) throw tooMany();
      this.waiting.pop();
      last.refuse(tooMany());
    }
    return new Promise((go, refuse) => {
      const behind = first ? this.waiting.filter((one) => one.first).length : this.waiting.length;
      this.waiting.splice(behind, 0, { first, go, refuse });
    });
  }
}

const tooMany = (): DomainError =>
  new DomainError('rate-limited', 'too many sign-ins at once', { retryAfterMs: 1_000 });
