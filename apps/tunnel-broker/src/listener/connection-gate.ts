/** Caps before anybody has proven anything, per client address. Good sessions are never counted: sites share NAT addresses. */
export interface GateLimits {
  /** Connections of one address whose handshake is not done. */
  halfOpenPerAddress: number;
  /** The same over all addresses. */
  halfOpen: number;
  /** Failed handshakes and refused certificates of one address in one window. */
  failuresPerWindow: number;
  windowMs: number;
  /** Addresses that are remembered; the oldest goes first. */
  addresses: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = {
  halfOpenPerAddress: 256,
  halfOpen: 4_096,
  failuresPerWindow: 120,
  windowMs: 60_000,
  addresses: 20_000,
};

interface Record {
  halfOpen: number;
  failures: number;
  windowStart: number;
}

/** Decides at the door, before a handshake costs anything. */
export class ConnectionGate {
  /** Connections turned away so far. */
  readonly refusals = { 'half-open': 0, failures: 0 };
  private readonly records = new Map<string, Record>();
  private total = 0;

  constructor(
    private readonly limits: GateLimits = DEFAULT_GATE_LIMITS,
    private readonly now: () => number = Date.now,
  ) {}

  /** @returns undefined: turn it away. Else the way to report, once, how the handshake went. */
  enter(address: string): ((outcome: 'ok' | 'failed') => void) | undefined {
    const record = this.recordOf(address);
    const { limits } = this;
    const full = this.total >= limits.halfOpen || record.halfOpen >= limits.halfOpenPerAddress;
    const failed = this.failuresOf(record) >= limits.failuresPerWindow;
    if (full || failed) {
      this.refusals[failed ? 'failures' : 'half-open'] += 1;
      return undefined;
    }
    record.halfOpen += 1;
    this.total += 1;
    let reported = false;
    return (outcome) => {
      if (reported) return;
      reported = true;
      record.halfOpen -= 1;
      this.total -= 1;
      if (outcome === 'failed') this.fail(address);
    };
  }

  /** A refusal after the handshake, e.g. a certificate of the wrong kind. */
  fail(address: string): void {
    const record = this.recordOf(address);
    if (this.failuresOf(record) === 0) record.windowStart = this.now();
    record.failures += 1;
  }

  private failuresOf(record: Record): number {
    if (this.now() - record.windowStart >= this.limits.windowMs) record.failures = 0;
    return record.failures;
  }

  private recordOf(address: string): Record {
    const known = this.records.get(address);
    if (known !== undefined) return known;
    const record = { halfOpen: 0, failures: 0, windowStart: this.now() };
    this.records.set(address, record);
    const oldest = this.records.keys().next();
    if (this.records.size > this.limits.addresses && !oldest.done) this.records.delete(oldest.value);
    return record;
  }
}
