import type { Source } from '../source/source.js';
import { Hub, type HubOptions } from './hub.js';

/** Above this many hubs, those without viewers are let go. */
const manyHubs = 1024;

/** Hubs by key, so that all who want the same stream share one upstream. */
export class HubRegistry {
  readonly #hubs = new Map<string, Hub>();

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

  *entries(): Generator<[key: string, hub: Hub]> {
    yield* this.#hubs;
  }

  /** Ends a hub and its viewers, for example when its camera was removed. */
  async remove(key: string): Promise<void> {
    const hub = this.#hubs.get(key);
    this.#hubs.delete(key);
    await hub?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hubs.keys()].map((key) => this.remove(key)));
  }

  #dropIdle(): void {
    for (const [key, hub] of this.#hubs) if (hub.state === 'idle') void this.remove(key);
  }
}
