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
    const told = new ToldEntities(view.sight);
    let revision = view.sight.isLimited ? 0 : sinceRevision;
    while (!signal.aborted) {
      const changes = changesFor(view, site.changesSince(revision));
      const messages = told.filter(changes?.map((change) => toMessage(change, view)) ?? snapshot(site, view));
      const isCurrent = messages.length === 0;
      revision = isCurrent ? revision : site.revision;
      // Taken before the first yield: what changes while these are sent is the next round's.
      const wait = isCurrent ? nextChange(changed, signal) : undefined;
      yield* isCurrent ? [message(revision)] : messages;
      await wait;
    }
  } finally {
    unsubscribe();
  }
}

/** Where the account sees a part only, a changed tree may show or hide entities that have not changed: then a snapshot is due. */
const changesFor = ({ sight }: View, changes: SiteChange[] | undefined): SiteChange[] | undefined => {
  const isTree = (change: SiteChange): boolean => change.kind === 'removed' || change.entity.kind === 'area';
  return sight.isLimited && changes?.some(isTree) ? undefined : changes;
};

/** Who sees a part only is not told of the end of what it has never seen: the watch knows, as it begins with a snapshot. */
class ToldEntities {
  readonly #ids = new Set<string>();

  constructor(private readonly sight: Sight) {}

  filter(messages: Message[]): Message[] {
    return this.sight.isLimited ? messages.filter(({ change }) => this.#isNews(change)) : messages;
  }

  #isNews(change: Change): boolean {
    if (change.case === 'snapshotBegin') this.#ids.clear();
    if (change.case === 'upsert') this.#ids.add(change.value.remoteId);
    return change.case !== 'removed' || this.#ids.delete(change.value);
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
