import { UplinkCap } from '@app/multiplex';
import { formatRate } from './rate.js';
import { limitAt, type LimitInForce, type UplinkPolicy } from './uplink.policy.js';
import { sharesOf, type VideoShares } from './video-shares.js';

const CHECK_MS = 1_000;
const BITS = 8;

/** Where the policy stands, when it may change while the agent runs. */
export interface PolicySource {
  /** Changes with the content; empty while there is none. */
  version: () => Promise<string>;
  /** @throws ConfigurationError */
  read: () => Promise<UplinkPolicy>;
}

export interface UplinkOptions {
  policy: UplinkPolicy;
  source?: PolicySource | undefined;
  now?: () => Date;
  /** Called with the first limit too. */
  onChange: (limit: string) => void;
  onError: (error: unknown) => void;
}

/** Keeps the site's cap what the policy says of the moment, for all sessions, those that drain included. */
export class UplinkKeeper {
  readonly cap = new UplinkCap();
  private policy: UplinkPolicy;
  private inForce: LimitInForce | undefined;
  private timer: NodeJS.Timeout | undefined;
  private applied: string | undefined;
  private seen: string | undefined;
  /** What was told last, and of which version: each is told once. */
  private fault: string | undefined;
  private checking: Promise<void> | undefined;

  constructor(private readonly options: UplinkOptions) {
    this.policy = options.policy;
  }

  /** In force when it returns. */
  start(): void {
    this.apply();
    this.timer = setInterval(() => {
      this.checking ??= this.check().finally(() => (this.checking = undefined));
    }, CHECK_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  get limit(): LimitInForce {
    return this.inForce ?? limitAt(this.policy, this.now());
  }

  /** What video may take of the limit in force. */
  get shares(): VideoShares {
    return sharesOf(this.policy, this.limit.bitsPerSecond);
  }

  /** Reads the policy again when it has changed, and brings the cap up to the moment. Never rejects. */
  async check(): Promise<void> {
    await this.reread().catch(this.options.onError);
    this.apply();
  }

  /** Only a version that was the same twice: a file that is being written may say anything. */
  private async reread(): Promise<void> {
    const { source } = this.options;
    if (source === undefined) return;
    const version = await source.version();
    const settled = version === this.seen;
    this.seen = version;
    if (!settled || version === this.applied) return;
    try {
      this.policy = await source.read();
      this.applied = version;
      this.fault = undefined;
    } catch (error) {
      // A fault that passes, as when there are too many open files, is tried again with the next check.
      const fault = `${version} ${String(error)}`;
      if (fault === this.fault) return;
      this.fault = fault;
      throw error;
    }
  }

  private apply(): void {
    const limit = limitAt(this.policy, this.now());
    const { bitsPerSecond, line } = limit;
    const same = this.inForce?.bitsPerSecond === bitsPerSecond && this.inForce?.line === line;
    if (this.inForce !== undefined && same) return;
    this.inForce = limit;
    this.cap.set(bitsPerSecond === Number.POSITIVE_INFINITY ? undefined : bitsPerSecond / BITS);
    this.options.onChange(formatRate(bitsPerSecond));
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
  }
}
