import { once } from 'node:events';
import { create } from '@bufbuild/protobuf';
import { directory } from '@app/contracts';
import type { EntityKind, SiteEntity } from '../site/entity.js';
import type { SiteChange, SiteDirectory } from '../site/site-directory.js';
import { toWireEntity } from './entity-message.js';

type Message = directory.WatchEntitiesResponse;
type Change = Message['change'];

const message = (revision: number, change: Change = { case: undefined }): Message =>
  create(directory.WatchEntitiesResponseSchema, { revision: BigInt(revision), change });

/** Entities of these kinds; empty means all. */
export type WantedKinds = ReadonlySet<EntityKind>;

const isWanted = (kinds: WantedKinds, { kind }: SiteEntity): boolean => kinds.size === 0 || kinds.has(kind);

/** An entity that has become one of an unwanted kind is gone for this host. */
const toMessage = (change: SiteChange, kinds: WantedKinds): Message =>
  change.kind === 'upsert' && isWanted(kinds, change.entity)
    ? message(change.revision, { case: 'upsert', value: toWireEntity(change.entity) })
    : message(change.revision, {
        case: 'removed',
        value: change.kind === 'removed' ? change.remoteId : change.entity.remoteId,
      });

/** Snapshot or missed changes, then a message without a change (the host is up to date), then changes until `signal`. */
export async function* watchEntities(
  site: SiteDirectory,
  sinceRevision: number,
  kinds: WantedKinds,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const changed = new EventTarget();
  const unsubscribe = site.subscribe(() => changed.dispatchEvent(new Event('change')));
  try {
    let revision = sinceRevision;
    while (!signal.aborted) {
      const messages = site.changesSince(revision)?.map((change) => toMessage(change, kinds)) ?? snapshot(site, kinds);
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

const snapshot = (site: SiteDirectory, kinds: WantedKinds): Message[] => [
  message(site.revision, { case: 'snapshotBegin', value: create(directory.SnapshotBeginSchema) }),
  ...site.entities
    .filter((entity) => isWanted(kinds, entity))
    .map((entity) => message(site.revision, { case: 'upsert', value: toWireEntity(entity) })),
  message(site.revision, { case: 'snapshotEnd', value: create(directory.SnapshotEndSchema) }),
];

const nextChange = (changed: EventTarget, signal: AbortSignal): Promise<unknown> =>
  once(changed, 'change', { signal }).catch(() => undefined);
