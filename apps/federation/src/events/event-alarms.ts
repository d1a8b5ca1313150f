import type { AlarmRepository, EventRecord, EventStoreKey, Transaction } from '@app/persistence';

/** Types of events by which a site tells of its alarms; `details.alarmId` says which one. */
export const RAISED = 'alarm.raised';
export const ACKNOWLEDGED = 'alarm.acknowledged';

const MAX_ID = 200;

/** What of an event names an alarm: without an id of its own, the alarm is that of its source. */
const alarmIdOf = ({ details, sourceId, sequence }: EventRecord): string => {
  const { alarmId } = details;
  const given =
    typeof alarmId === 'string'
      ? alarmId
          .trim()
          .slice(0, MAX_ID)
          .replace(/\p{Cs}/gu, '')
      : '';
  return given || sourceId || String(sequence);
};

/** Keeps the alarms of a site with the events that tell of them. */
export const followAlarms = async (
  tx: Transaction,
  alarms: AlarmRepository,
  owner: EventStoreKey,
  records: readonly EventRecord[],
): Promise<void> => {
  for (const record of records) {
    if (record.type !== RAISED && record.type !== ACKNOWLEDGED) continue;
    const { id, sourceId, entityId, siteTime, details } = record;
    const alarm = { sourceId: sourceId ?? '', remoteAlarmId: alarmIdOf(record) };
    if (record.type === RAISED) await alarms.raise(tx, owner, { id, ...alarm, entityId, siteTime, details });
    else await alarms.settleAtSite(tx, owner, alarm, siteUser(details));
  }
};

/** Who acknowledged it there, by the site's word. */
const siteUser = ({ user }: Record<string, unknown>): string =>
  typeof user === 'string' && user !== '' ? `site:${user.slice(0, MAX_ID).replace(/\p{Cs}/gu, '')}` : 'site';
