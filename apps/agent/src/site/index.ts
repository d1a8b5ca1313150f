export type { SiteEntity, SiteStream } from './entity.js';
export type { EntitySink, SiteConnector, StreamSource } from './site-connector.js';
export { SiteDirectory, siteDirectoryDefaults, type SiteChange, type SiteDirectoryOptions } from './site-directory.js';
