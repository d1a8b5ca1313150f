import { DomainError } from '@app/contracts';
import { deriveSealingKey, type SealingKey } from '@app/pki';
import { Injectable } from '@nestjs/common';

/** A derivation takes 128 MiB and a core for about 0.3 s. */
const AT_ONCE = 2;
/** So many that each is still answered before its asker gives up. */
const WAITING = 8;
const RETRY_AFTER_MS = 2_000;

/** The one place where passphrases become keys, so that however many ask, memory stays bounded. */
@Injectable()
export class SealingDesk {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * Before the keyfile is made, so that none is made in vain. @param salt of an earlier derivation, to get the same key again
   * @throws DomainError `unavailable` when too many wait
   */
  async keyFrom(passphrase: string, salt?: Buffer): Promise<SealingKey> {
    await this.enter();
    try {
      return await deriveSealingKey(passphrase, salt);
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.running < AT_ONCE) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= WAITING) {
      throw new DomainError('unavailable', 'too many keyfiles are being sealed', { retryAfterMs: RETRY_AFTER_MS });
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** The place goes to the next in line; only without one it becomes free. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}
