export { EventJournal, type EventJournalStatus, type WatchRequest } from './event-journal.js';
export { EventThread, EventStoreError } from './event-thread.js';
export { followEntities } from './entity-events.js';
export { followTunnel } from './tunnel-events.js';
export { eventLimits, type EventLimits, type OccurrencePeriod, type StoredEvent } from './stored-event.js';
