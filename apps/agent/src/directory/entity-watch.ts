import { once } from 'node:events';
import { create } from '@bufbuild/protobuf';
import { directory } from '@app/contracts';
import type { EntityKind, SiteEntity } from '../site/entity.js';
import type { SiteChange, SiteDirectory } from '../site/site-directory.js';
import type { Sight } from './sight.js';
import { toWireEntity } from './entity-message.js';

type Message = directory.WatchEntitiesResponse;
type Change = Message['change'];

const message = (revision: number, change: Change = { case: undefined }): Message =>
  create(directory.WatchEntitiesResponseSchema, { revision: BigInt(revision), change });

/** Entities of these kinds; empty means all. */
export type WantedKinds = ReadonlySet<EntityKind>;

/** What a host is told of. */
interface View {
  kinds: WantedKinds;
  sight: Sight;
}

const isWanted = ({ kinds, sight }: View, entity: SiteEntity): boolean =>
  (kinds.size === 0 || kinds.has(entity.kind)) && sight.sees(entity);

/** An entity that has become one of an unwanted kind, or has left the account's sight, is gone for this host. */
const toMessage = (change: SiteChange, view: View): Message =>
  change.kind === 'upsert' && isWanted(view, change.entity)
    ? message(change.revision, { case: 'upsert', value: toWireEntity(change.entity) })
    : message(change.revision, {
        case: 'removed',
        value: change.kind === 'removed' ? change.remoteId : change.entity.remoteId,
      });

/** Snapshot or missed changes, then a message without a change (the host is up to date), then changes until `signal`. */
export async function* watchEntities(
  site: SiteDirectory,
  sinceRevision: number,
  view: View,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const changed = new EventTarget();
  const unsubscribe = site.subscribe(() => changed.dispatchEvent(new Event('change')));
  try {
    const told = view.sight.isLimited ? new ToldEntities(site, view) : undefined;
    let revision = told === undefined ? sinceRevision : 0;
    let isUpToDate = false;
    while (!signal.aborted) {
      const changes = site.changesSince(revision);
      const news = told === undefined ? changes : told.newsOf(changes);
      const messages = news?.map((change) => toMessage(change, view)) ?? snapshot(site, view);
      const isCurrent = messages.length === 0;
      revision = site.revision;
      // Taken before the first yield: what changes while these are sent is the next round's.
      const wait = isCurrent ? nextChange(changed, signal) : undefined;
      if (!isCurrent) yield* messages;
      // Who sees a part only is not told when something else changes.
      else if (!isUpToDate) yield message(revision);
      isUpToDate = isCurrent;
      await wait;
    }
  } finally {
    unsubscribe();
  }
}

/** What an account that sees a part only has been told: no message comes of what it does not see. */
class ToldEntities {
  readonly #told = new Map<string, SiteEntity>();

  constructor(
    private readonly site: SiteDirectory,
    private readonly view: View,
  ) {}

  /** Undefined: a snapshot is due. */
  newsOf(changes: SiteChange[] | undefined): SiteChange[] | undefined {
    if (changes === undefined) {
      this.#told.clear();
      for (const entity of this.site.entities) if (isWanted(this.view, entity)) this.#told.set(entity.remoteId, entity);
      return undefined;
    }
    // A changed tree may show or hide entities that have not changed.
    const isTree = (change: SiteChange): boolean => change.kind === 'removed' || change.entity.kind === 'area';
    return (changes.some(isTree) ? this.#all() : changes).filter((change) => this.#isNews(change));
  }

  #all(): SiteChange[] {
    const { revision, entities } = this.site;
    const gone = [...this.#told.keys()].filter((remoteId) => this.site.find(remoteId) === undefined);
    return [
      ...gone.map((remoteId) => ({ revision, kind: 'removed' as const, remoteId })),
      ...entities.map((entity) => ({ revision, kind: 'upsert' as const, entity })),
    ];
  }

  #isNews(change: SiteChange): boolean {
    if (change.kind === 'removed') return this.#told.delete(change.remoteId);
    const { entity } = change;
    if (!isWanted(this.view, entity)) return this.#told.delete(entity.remoteId);
    const isNews = this.#told.get(entity.remoteId) !== entity;
    this.#told.set(entity.remoteId, entity);
    return isNews;
  }
}

const snapshot = (site: SiteDirectory, view: View): Message[] => [
  message(site.revision, { case: 'snapshotBegin', value: create(directory.SnapshotBeginSchema) }),
  ...site.entities
    .filter((entity) => isWanted(view, entity))
    .map((entity) => message(site.revision, { case: 'upsert', value: toWireEntity(entity) })),
  message(site.revision, { case: 'snapshotEnd', value: create(directory.SnapshotEndSchema) }),
];

const nextChange = (changed: EventTarget, signal: AbortSignal): Promise<unknown> =>
  once(changed, 'change', { signal }).catch(() => undefined);
