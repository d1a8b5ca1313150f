import type { AuditEntry, PresenceChange } from '@app/persistence';

/** So many at once are one outage, and one event. */
export const GROUP_FROM = 5;
/** Sites that a grouped event names; its count is of all. */
const NAMED = 100;

type Direction = PresenceChange['to'];

/** What is told of changes in one direction: nothing yet, as long as more of the same may come within the window. */
export const ripe = (changes: readonly PresenceChange[], windowSeconds: number): boolean =>
  changes.some(({ dueSeconds }) => dueSeconds >= windowSeconds);

/** One event for each site, or one for all. */
export const eventsOf = (to: Direction, changes: readonly PresenceChange[]): AuditEntry[] =>
  changes.length < GROUP_FROM ? changes.map(single) : [grouped(to, changes)];

const single = ({ siteId, label, name, to, since, closeReason, flapping }: PresenceChange): AuditEntry => ({
  actor: 'system',
  action: `site.${to}`,
  subject: siteId,
  details: {
    label,
    name,
    since: since.toISOString(),
    ...(closeReason === null ? {} : { reason: closeReason }),
    flapping,
  },
});

const grouped = (to: Direction, changes: readonly PresenceChange[]): AuditEntry => ({
  actor: 'system',
  action: `sites.${to}`,
  subject: 'sites',
  details: {
    count: changes.length,
    since: new Date(Math.min(...changes.map(({ since }) => since.getTime()))).toISOString(),
    sites: changes.slice(0, NAMED).map(({ siteId, label, name }) => ({ siteId, label, name })),
  },
});
