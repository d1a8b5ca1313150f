export type { EntityKind, SiteEntity, SiteStream } from './entity.js';
export type { EntitySink, SiteConnector, StreamSource } from './site-connector.js';
export { SiteDirectory, siteDirectoryDefaults, type SiteChange, type SiteDirectoryOptions } from './site-directory.js';
export type { CommandOutcome, SiteCommand } from './site-command.js';
export type { EventSink, SiteEvent } from './site-event.js';
