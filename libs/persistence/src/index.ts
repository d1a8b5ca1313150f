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
export { decodeCursor, encodeCursor, pageOf, type Cursor, type Page, type PageRequest } from './cursor.js';
export { BearerTokenRepository, type BearerIdentity } from './repositories/bearer-token.repository.js';
export { OperatorRepository, type OperatorLogin } from './repositories/operator.repository.js';
export { SiteRepository, type SiteOverview } from './repositories/site.repository.js';
export { TenantRepository, type TenantRow } from './repositories/tenant.repository.js';
export { TunnelViewRepository, type TunnelHistoryRow, type TunnelRow } from './repositories/tunnel-view.repository.js';
export { ViewTicketRepository, type NewViewTicket, type ViewTicketRow } from './repositories/view-ticket.repository.js';
export {
  AgentViewRepository,
  type AgentFilter,
  type AgentViewRow,
  type CertificateViewRow,
} from './repositories/agent-view.repository.js';
export {
  AgentAdmissionRepository,
  SUPERSEDED_GRACE,
  type AgentAdmission,
} from './repositories/agent-admission.repository.js';
export { BrokerRepository, type BrokerRow } from './repositories/broker.repository.js';
export { RevocationFeedRepository, type Revocation } from './repositories/revocation-feed.repository.js';
export { TunnelRouteRepository, type TunnelRoute } from './repositories/tunnel-route.repository.js';
export {
  TunnelSessionRepository,
  type NewTunnelSession,
  type SessionPulse,
} from './repositories/tunnel-session.repository.js';
