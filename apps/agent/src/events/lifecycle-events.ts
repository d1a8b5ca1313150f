import type { SiteEvent } from '../site/site-event.js';
import { AGENT_VERSION } from '../version.js';
import { DAMAGED_EVENTS_FILE } from './event-files.js';
import type { EventOpening, EventReport } from './stored-event.js';

const ofSite = (type: string, details?: SiteEvent['details']): SiteEvent => ({
  type,
  sourceId: '',
  at: new Date(),
  details,
});

/** What there is to say of the process before, and of this one. */
export const openingEvents = ({ killedAtMs, replaced }: EventOpening): SiteEvent[] => [
  ...(killedAtMs === undefined ? [] : [stoppedUnexpectedly(killedAtMs)]),
  ...replacementEvents(replaced),
  ofSite('agent.started', { version: AGENT_VERSION }),
];

/** How many events went with the file nobody knows: this event stands for them. */
export const replacementEvents = (replaced: EventReport['replaced']): SiteEvent[] => {
  if (replaced === undefined) return [];
  const setAside: Record<string, string> = replaced === 'damaged' ? { setAside: DAMAGED_EVENTS_FILE } : {};
  return [ofSite('events.store-replaced', { reason: replaced, ...setAside })];
};

export const stopped = (): SiteEvent => ofSite('agent.stopped', { version: AGENT_VERSION });

const stoppedUnexpectedly = (seenMs: number): SiteEvent =>
  ofSite('agent.stopped-unexpectedly', { lastSeenAt: new Date(seenMs).toISOString() });
