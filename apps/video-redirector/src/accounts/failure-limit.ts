import { DomainError } from '@app/contracts';
import ipaddr from 'ipaddr.js';
import { BoundedMap } from './bounded-map.js';

/** Wrong answers that are free, and after how long one of them is given back. */
interface Rule {
  free: number;
  everyMs: number;
}

/** A recorder opens all its streams at once, and none of them is judged before the last has come. */
const KNOWN_THERE: Rule = { free: 1_000, everyMs: 500 };
const ACCOUNT_THERE: Rule = { free: 100, everyMs: 2_000 };
const NETWORK: Rule = { free: 300, everyMs: 500 };
const MOST = 20_000;
const KNOWN_MS = 3_600_000;
const IPV6_BYTES = 8;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Slows down who answers wrongly again and again, by the name from one network, and by the network. Nothing counts a name over all
 * networks: strangers would keep its owner out with it. A name that was right from there lately does not wait for its neighbours.
 */
export class FailureLimit {
  private readonly buckets = new BoundedMap<string, Bucket>(MOST);
  private readonly known = new BoundedMap<string, number>(MOST);

  constructor(private readonly now: () => number = Date.now) {}

  /** Counts before anything is judged, so that many at once do not share one count. @throws DomainError `rate-limited` */
  begin(address: string, username: string): Attempt {
    const network = networkOf(address);
    const there = `${network} ${username}`;
    const isKnown = (this.known.get(there) ?? -Infinity) > this.now() - KNOWN_MS;
    const counted: [key: string, rule: Rule][] = isKnown
      ? [[`${there} known`, KNOWN_THERE]]
      : [
          [there, ACCOUNT_THERE],
          [network, NETWORK],
        ];
    for (const [key, rule] of counted) this.assertLeft(key, rule);
    for (const [key, rule] of counted) this.add(key, rule, -1);
    return {
      succeeded: () => {
        this.known.set(there, this.now());
        for (const [key, rule] of counted) this.add(key, rule, 1);
      },
      takeBack: () => {
        for (const [key, rule] of counted) this.add(key, rule, 1);
      },
    };
  }

  private assertLeft(key: string, rule: Rule): void {
    const left = this.leftOf(key, rule);
    if (left >= 1) return;
    const retryAfterMs = Math.ceil((1 - left) * rule.everyMs);
    throw new DomainError('rate-limited', 'too many wrong passwords from there: wait', { retryAfterMs });
  }

  private add(key: string, rule: Rule, count: number): void {
    this.buckets.set(key, { left: Math.min(rule.free, this.leftOf(key, rule) + count), at: this.now() });
  }

  private leftOf(key: string, { free, everyMs }: Rule): number {
    const bucket = this.buckets.get(key);
    return bucket === undefined ? free : Math.min(free, bucket.left + (this.now() - bucket.at) / everyMs);
  }
}

/** An attempt that was counted; without either call it was a failure. */
export interface Attempt {
  succeeded(): void;
  /** It was not judged after all. */
  takeBack(): void;
}

/** An IPv4 address, or the /64 of an IPv6 address, all of which one customer has. */
export const networkOf = (address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const prefix = parsed.toByteArray().slice(0, IPV6_BYTES);
  const whole = ipaddr.fromByteArray([...prefix, ...Array.from({ length: 16 - IPV6_BYTES }, () => 0)]);
  return `${whole.toString()}/64`;
};
