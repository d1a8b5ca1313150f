import { createHmac, randomBytes } from 'node:crypto';

/** Remembers for a short while that a password was right, under a key that only this process has: never the password. */
export class PasswordCache {
  private readonly key = randomBytes(32);
  private readonly entries = new Map<string, number>();

  constructor(
    private readonly lifetimeMs: number,
    private readonly maxEntries: number,
    /** Steady ms. */
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** `hash` is the stored one: a changed password makes the entry worthless. */
  has(name: string, password: string, hash: string): boolean {
    const mark = this.mark(name, password, hash);
    const until = this.entries.get(mark);
    if (until === undefined) return false;
    if (until > this.clock()) return true;
    this.entries.delete(mark);
    return false;
  }

  add(name: string, password: string, hash: string): void {
    const [oldest] = this.entries.keys();
    if (this.entries.size >= this.maxEntries && oldest !== undefined) this.entries.delete(oldest);
    this.entries.set(this.mark(name, password, hash), this.clock() + this.lifetimeMs);
  }

  private mark(name: string, password: string, hash: string): string {
    return createHmac('sha256', this.key)
      .update(JSON.stringify([name, password, hash]))
      .digest('base64');
  }
}
