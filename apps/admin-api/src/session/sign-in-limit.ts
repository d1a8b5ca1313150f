import { DomainError } from '@app/contracts';
import { isIPv6 } from 'node:net';

interface Attempts {
  failures: number;
  blockedUntil: number;
  lastAt: number;
}

export interface SignInLimitOptions {
  now?: () => number;
  /** Failures without a wait, for one name from one address. */
  freePerName?: number;
  /** Failures without a wait, for all names from one address. */
  freePerAddress?: number;
  firstWaitMs?: number;
  maxWaitMs?: number;
  forgetAfterMs?: number;
  maxEntries?: number;
}

/**
 * Slows sign-ins down that fail again and again: after a few free failures each further one doubles the wait.
 * Counts per name and address, and per address; an IPv6 client is its /64.
 */
export class SignInLimit {
  private readonly entries = new Map<string, Attempts>();
  private readonly options: Required<SignInLimitOptions>;

  constructor(options: SignInLimitOptions = {}) {
    this.options = {
      now: Date.now,
      freePerName: 5,
      freePerAddress: 20,
      firstWaitMs: 1_000,
      maxWaitMs: 300_000,
      forgetAfterMs: 900_000,
      maxEntries: 10_000,
      ...options,
    };
  }

  /** @throws DomainError `rate-limited` with the time to wait */
  check(address: string, username: string): void {
    const now = this.options.now();
    const until = Math.max(...this.keys(address, username).map(({ key }) => this.entries.get(key)?.blockedUntil ?? 0));
    if (until <= now) return;
    throw new DomainError('rate-limited', 'too many failed sign-ins: wait', { retryAfterMs: until - now });
  }

  failed(address: string, username: string): void {
    for (const { key, free } of this.keys(address, username)) this.count(key, free);
  }

  succeeded(address: string, username: string): void {
    for (const { key } of this.keys(address, username).slice(0, 1)) this.entries.delete(key);
  }

  get size(): number {
    return this.entries.size;
  }

  private keys(address: string, username: string): { key: string; free: number }[] {
    const network = networkOf(address);
    return [
      { key: `${network} ${username.toLowerCase()}`, free: this.options.freePerName },
      { key: network, free: this.options.freePerAddress },
    ];
  }

  private count(key: string, free: number): void {
    const { firstWaitMs, maxWaitMs, forgetAfterMs, maxEntries } = this.options;
    const now = this.options.now();
    const before = this.entries.get(key);
    const failures = before && now - before.lastAt < forgetAfterMs ? before.failures + 1 : 1;
    const over = failures - free;
    const wait = over > 0 ? Math.min(firstWaitMs * 2 ** Math.min(over - 1, 30), maxWaitMs) : 0;
    // Set again at the end, so that the map's order is that of the last failure and the oldest goes first.
    this.entries.delete(key);
    this.entries.set(key, { failures, blockedUntil: now + wait, lastAt: now });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= maxEntries) break;
      this.entries.delete(oldest);
    }
  }
}

const networkOf = (address: string): string => {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
};
