import { isSameEntity, type SiteEntity } from './entity.js';
import type { EntitySink } from './site-connector.js';

export type SiteChange =
  { revision: number; kind: 'upsert'; entity: SiteEntity } | { revision: number; kind: 'removed'; remoteId: string };

export interface SiteDirectoryOptions {
  /** Changes kept for watchers that come back; older ones cost them a snapshot. */
  maxLoggedChanges: number;
  maxEntities: number;
  now: () => number;
}

export const siteDirectoryDefaults: SiteDirectoryOptions = {
  maxLoggedChanges: 2_000,
  maxEntities: 10_000,
  now: Date.now,
};

/** Entities of the site, each change with a revision. */
export class SiteDirectory implements EntitySink {
  readonly #options: SiteDirectoryOptions;
  readonly #entities = new Map<string, SiteEntity>();
  readonly #log: SiteChange[] = [];
  readonly #listeners = new Set<() => void>();
  /** Ids that each of the sinks holds. */
  readonly #held: Set<string>[] = [];
  /** Changes up to and including this revision are not in the log. */
  #forgotten: number;
  #revision: number;

  constructor(options: Partial<SiteDirectoryOptions> = {}) {
    this.#options = { ...siteDirectoryDefaults, ...options };
    this.#revision = this.#options.now() * 1_000;
    this.#forgotten = this.#revision;
  }

  get revision(): number {
    return this.#revision;
  }

  get entities(): SiteEntity[] {
    return [...this.#entities.values()];
  }

  find(remoteId: string): SiteEntity | undefined {
    return this.#entities.get(remoteId);
  }

  /** An entity beyond the cap is left out. */
  upsert(entity: SiteEntity): void {
    const known = this.#entities.get(entity.remoteId);
    if (known !== undefined && isSameEntity(known, entity)) return;
    if (known === undefined && this.#entities.size >= this.#options.maxEntities) return;
    this.#entities.set(entity.remoteId, entity);
    this.#append({ revision: this.#revision + 1, kind: 'upsert', entity });
  }

  remove(remoteId: string): void {
    if (!this.#entities.delete(remoteId)) return;
    this.#append({ revision: this.#revision + 1, kind: 'removed', remoteId });
  }

  /** For one of several connectors: what they have in common, such as an area, goes with the last of them. */
  sink(): EntitySink {
    const mine = new Set<string>();
    this.#held.push(mine);
    return {
      upsert: (entity) => {
        mine.add(entity.remoteId);
        this.upsert(entity);
      },
      remove: (remoteId) => {
        mine.delete(remoteId);
        if (!this.#held.some((held) => held.has(remoteId))) this.remove(remoteId);
      },
    };
  }

  /** Changes after `revision`; undefined when only a snapshot helps: too old, or not a revision of this process. */
  changesSince(revision: number): SiteChange[] | undefined {
    if (revision < this.#forgotten || revision > this.#revision) return undefined;
    return this.#log.filter((change) => change.revision > revision);
  }

  /** Called after each change. @returns ends the subscription */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #append(change: SiteChange): void {
    this.#revision = change.revision;
    this.#log.push(change);
    if (this.#log.length > this.#options.maxLoggedChanges) {
      this.#forgotten = this.#log.shift()?.revision ?? this.#forgotten;
    }
    for (const listener of this.#listeners) listener();
  }
}
