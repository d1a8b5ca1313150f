import { DomainError } from '@app/contracts';
import { hash, verify } from 'argon2';

/** OWASP's argon2id parameters: 19 MiB, two passes. */
const ARGON2ID = { type: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 1_024;

const MAX_AT_ONCE = 2;
const MAX_WAITING = 16;

/** Hashes and compares passwords, a few at a time: each costs 19 MiB and tens of milliseconds of a core. */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private decoy: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, ARGON2ID));
  }

  /** Without a stored hash it compares with a decoy, so that an unknown name costs the same time. */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    this.decoy ??= hash('decoy', ARGON2ID);
    const against = stored ?? (await this.decoy);
    const equal = await this.inTurn(() => verify(against, password));
    return equal && stored !== undefined;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < MAX_AT_ONCE) this.running += 1;
    else await this.nextTurn();
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private nextTurn(): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) {
      throw new DomainError('rate-limited', 'too many sign-ins at once', { retryAfterMs: 1_000 });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
