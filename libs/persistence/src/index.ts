export { Database, type DatabaseOptions } from './database.js';
export { SQLSTATE, sqlState, violatedConstraint } from './errors.js';
export { Listener, type ListenerOptions } from './listener.js';
export { DATABASE_APPS, ensureLogins, readLogins, type DatabaseApp, type Logins } from './logins.js';
export { DEFAULT_TENANT_ID } from './migrations/first-schema/tenancy.js';
export { MIGRATIONS } from './migrations/index.js';
export { migrateDown, migrateUp } from './migrator.js';
export { Transaction, type AuditEntry, type SqlValue } from './transaction.js';
export { EntityRepository, type EntityRecord, type EntityRow } from './repositories/entity.repository.js';
export {
  FederationRoleRepository,
  type FederationRoleRow,
  type FederationRoleSettings,
} from './repositories/federation-role.repository.js';
export { SiteDirectoryRepository, type SiteRow } from './repositories/site-directory.repository.js';
export { ViewTicketUseRepository, type ViewTicketStatus } from './repositories/view-ticket-use.repository.js';
