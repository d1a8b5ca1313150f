export { type SequenceState, type TableShape } from './backup/catalog.js';
export { type Afterwards } from './backup/complete-restore.js';
export { BACKUP_DATABASE_ERRORS, BackupDatabaseError, type BackupDatabaseErrorCode } from './backup/errors.js';
export { restoreDatabase, type RestoreTarget } from './backup/restore.js';
export { Snapshot } from './backup/snapshot.js';
export { Database, type DatabaseOptions } from './database.js';
export { SQLSTATE, sqlState, violatedConstraint } from './errors.js';
export { type JournalEvent } from './journal/journal-event.js';
export { readJournal, type JournalContent } from './journal/journal-reader.js';
export { RevocationJournal } from './journal/revocation-journal.js';
export { Listener, type ListenerOptions } from './listener.js';
export { DATABASE_APPS, ensureLogins, readLogins, type DatabaseApp, type Logins } from './logins.js';
export { DEFAULT_TENANT_ID } from './migrations/first-schema/tenancy.js';
export { RefusalLedger, type RefusalLedgerOptions } from './refusal-ledger.js';
export { MIGRATIONS } from './migrations/index.js';
export { migrateDown, migrateUp } from './migrator.js';
export { auditContext, Transaction, type AuditEntry, type SqlValue, type TransactionOutcome } from './transaction.js';
export { AuditRepository, type AuditFilter, type AuditRow } from './repositories/audit.repository.js';
export { EntityRepository, type EntityRecord, type EntityRow } from './repositories/entity.repository.js';
export {
  FederationRoleRepository,
  ROLES_CHANGED,
  type ContactEffect,
  type EventSelection,
  type FederationRoleRow,
  type FederationRoleSettings,
  type RoleHold,
} from './repositories/federation-role.repository.js';
export { RoleLeaseRepository, type RoleLease, type RoleShare } from './repositories/role-lease.repository.js';
export {
  ENTITY_LIST,
  EntityViewRepository,
  type EntityFilter,
  type EntityOverview,
  type EntityPlace,
  type EntitySort,
  type EntityStateRow,
} from './repositories/entity-view.repository.js';
export { EntityNoteRepository } from './repositories/entity-note.repository.js';
export { SiteDirectoryRepository, type SiteRow } from './repositories/site-directory.repository.js';
export { ViewTicketUseRepository, type ViewTicketStatus } from './repositories/view-ticket-use.repository.js';
export { decodeCursor, encodeCursor, pageOf, type Cursor, type Page, type PageRequest } from './cursor.js';
export {
  IdempotencyRepository,
  type IdempotencyOwner,
  type IdempotencyRecord,
} from './repositories/idempotency.repository.js';
export { ApiTokenRepository, type ApiTokenIdentity, type ApiTokenRow } from './repositories/api-token.repository.js';
export {
  BearerTokenRepository,
  type BearerIdentity,
  type SessionIdentity,
} from './repositories/bearer-token.repository.js';
export {
  OperatorRepository,
  type ExternalIdentity,
  type NewOperator,
  type OperatorLogin,
  type OperatorRow,
} from './repositories/operator.repository.js';
export {
  SignInAttemptRepository,
  type AttemptCounter,
  type AttemptRules,
} from './repositories/sign-in-attempt.repository.js';
export {
  SiteRepository,
  type SiteOverview,
  SITE_LIST,
  type SiteFacts,
  type SiteFilter,
  type SiteSort,
  type SiteTunnelState,
  type TagRequirement,
} from './repositories/site.repository.js';
export {
  encodeSortedCursor,
  SortedList,
  type Sort,
  type SortedColumns,
  type SortedCursor,
  type SortedPageRequest,
} from './sorted-list.js';
export {
  OnboardingRepository,
  type NewOnboardingRow,
  type OnboardingJob,
  type OnboardingOverview,
  type OnboardingState,
  type OnboardingTask,
} from './repositories/onboarding.repository.js';
export {
  OnboardingRowRepository,
  type OnboardingRowOverview,
  type WaitingRow,
} from './repositories/onboarding-row.repository.js';
export {
  SiteDiagnosisRepository,
  type OutageReportRow,
  type OutageTimes,
  type SiteConditionRow,
  type SiteSourceRow,
  type TroubledCameraRow,
  type TunnelSpan,
} from './repositories/site-diagnosis.repository.js';
export { SiteReportRepository, type ReportedOutage, type SiteReport } from './repositories/site-report.repository.js';
export { TenantRepository, type TenantRow } from './repositories/tenant.repository.js';
export {
  TunnelViewRepository,
  type AvailabilityRow,
  type TunnelFilter,
  type TunnelHistoryRow,
  type TunnelRow,
  type TunnelSort,
} from './repositories/tunnel-view.repository.js';
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
  type Standing,
} from './repositories/agent-admission.repository.js';
export {
  RunningStreamRepository,
  type RunningStreamRow,
  type StreamChoice,
  type StreamSourceRow,
} from './repositories/running-stream.repository.js';
export {
  StreamViewRepository,
  type StreamFilter,
  type StreamSourceViewRow,
  type StreamViewRow,
} from './repositories/stream-view.repository.js';
export { BrokerStatusRepository, type BrokerStatusRow } from './repositories/broker-status.repository.js';
export { BrokerRepository, type BrokerRow } from './repositories/broker.repository.js';
export {
  FEED_START,
  RevocationFeedRepository,
  type DatabaseGeneration,
  type FeedPage,
  type FeedPlace,
  type Revocation,
} from './repositories/revocation-feed.repository.js';
export { TunnelRouteRepository, type TunnelRoute } from './repositories/tunnel-route.repository.js';
export {
  TunnelSessionRepository,
  type NewTunnelSession,
  type SessionPulse,
} from './repositories/tunnel-session.repository.js';
export { WebhookRepository, type WebhookChanges, type WebhookRow } from './repositories/webhook.repository.js';
export {
  WebhookDeliveryRepository,
  type AttemptOutcome,
  type ClaimedDelivery,
  type WebhookDeliveryRow,
} from './repositories/webhook-delivery.repository.js';
export { WebhookOutboxRepository, type OutboxRow } from './repositories/webhook-outbox.repository.js';
export { WebhookEventOutboxRepository, type EventOutboxRow } from './repositories/webhook-event-outbox.repository.js';
export {
  AlarmRepository,
  type AlarmDelivery,
  type AlarmRow,
  type AlarmState,
  type RaisedAlarm,
} from './repositories/alarm.repository.js';
export {
  EventIntakeRepository,
  EVENTS_CHANNEL,
  type EventRecord,
  type EventStoreKey,
} from './repositories/event-intake.repository.js';
export {
  EVENT_LIST,
  EventRepository,
  type EventFilter,
  type EventRow,
  type EventSort,
  type EventTimes,
} from './repositories/event.repository.js';
export { SitePresenceRepository, type PresenceChange } from './repositories/site-presence.repository.js';
export {
  StreamAccountRepository,
  type ScopeCamera,
  type StreamAccountChanges,
  type StreamAccountRow,
  type StreamAccountScope,
} from './repositories/stream-account.repository.js';
export {
  StreamAccountStatusRepository,
  type StreamAccountStatus,
} from './repositories/stream-account-status.repository.js';
