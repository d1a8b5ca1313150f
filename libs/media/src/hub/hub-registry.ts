import type { Source } from '../source/source.js';
import { Hub, type HubOptions } from './hub.js';

/** Above this many hubs, those without viewers are let go. */
const manyHubs = 1024;

/** Counted over all hubs that there have been. */
export interface HubTotals {
  /** Of RTP. */
  bytes: number;
  /** Successful openings of upstreams. */
  opened: number;
  /** RTP packets that are missing in what came. */
  lostPackets: number;
  /** Units that came behind others that were left out on their way. */
  discontinuities: number;
}

/** Hubs by key, so that all who want the same stream share one upstream. */
export class HubRegistry {
  readonly #hubs = new Map<string, Hub>();
  /** Of hubs that are gone. */
  #past: HubTotals = { bytes: 0, opened: 0, lostPackets: 0, discontinuities: 0 };

  constructor(readonly options: Partial<HubOptions> = {}) {}

  /** The hub of a key; `source` is called only for a key that has none. */
  get(key: string, source: () => Source): Hub {
    const existing = this.#hubs.get(key);
    if (existing) return existing;
    if (this.#hubs.size >= manyHubs) this.#dropIdle();
    const hub = new Hub(source(), this.options);
    this.#hubs.set(key, hub);
    return hub;
  }

  /** They never fall. */
  get totals(): HubTotals {
    return [...this.#hubs.values()].reduce(plus, this.#past);
  }

  *entries(): Generator<[key: string, hub: Hub]> {
    yield* this.#hubs;
  }

  /** Ends a hub and its viewers, for example when its camera was removed. */
  async remove(key: string): Promise<void> {
    const hub = this.#hubs.get(key);
    this.#hubs.delete(key);
    if (hub) this.#past = plus(this.#past, hub);
    await hub?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hubs.keys()].map((key) => this.remove(key)));
  }

  #dropIdle(): void {
    for (const [key, hub] of this.#hubs) if (hub.state === 'idle') void this.remove(key);
  }
}

const plus = (sum: HubTotals, { stats }: Hub): HubTotals => ({
  bytes: sum.bytes + stats.bytes,
  opened: sum.opened + stats.opened,
  lostPackets: sum.lostPackets + stats.lostPackets,
  discontinuities: sum.discontinuities + stats.discontinuities,
});
