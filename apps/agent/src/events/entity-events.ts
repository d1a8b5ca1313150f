import type { SiteDirectory } from '../site/site-directory.js';
import type { SiteEntity } from '../site/entity.js';
import type { EventSink } from '../site/site-event.js';

/**
 * An event for each entity that goes from online to offline or back. What is only discovered, as at the start of the
 * agent, is none: its first state that is known makes no event. @returns ends it
 */
export const followEntities = (site: SiteDirectory, sink: EventSink): (() => void) => {
  const states = new Map<string, SiteEntity['state']>();
  let revision = site.revision;
  for (const entity of site.entities) states.set(entity.remoteId, entity.state);
  return site.subscribe(() => {
    for (const change of site.changesSince(revision) ?? []) {
      if (change.kind === 'removed') states.delete(change.remoteId);
      else take(states, change.entity, sink);
    }
    revision = site.revision;
  });
};

/** A time in which the state is unknown is no change by itself. */
const take = (states: Map<string, SiteEntity['state']>, entity: SiteEntity, sink: EventSink): void => {
  const { remoteId, kind, name, state, stateReason } = entity;
  const before = states.get(remoteId) ?? 'unknown';
  if (state === 'unknown') return;
  states.set(remoteId, state);
  if (before === 'unknown' || before === state) return;
  const details = { name, ...(stateReason === '' ? {} : { reason: stateReason }) };
  sink.event({ type: `${kind}.${state}`, sourceId: remoteId, at: new Date(), details });
};
