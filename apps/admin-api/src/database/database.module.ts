import {
  AlarmRepository,
  ApiTokenRepository,
  AgentViewRepository,
  AuditRepository,
  BearerTokenRepository,
  BrokerStatusRepository,
  Database,
  EventRepository,
  EntityNoteRepository,
  EntityViewRepository,
  IdempotencyRepository,
  OnboardingRepository,
  OnboardingRowRepository,
  OperatorRepository,
  SignInAttemptRepository,
  SiteDiagnosisRepository,
  SitePresenceRepository,
  SiteRepository,
  StreamAccountRepository,
  StreamViewRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
  WebhookDeliveryRepository,
  WebhookEventOutboxRepository,
  WebhookOutboxRepository,
  WebhookRepository,
} from '@app/persistence';
import { CONFIG } from '@app/runtime';
import { Global, Module } from '@nestjs/common';
import type { AdminConfig } from '../config.js';

const REPOSITORIES = [
  AlarmRepository,
  EventRepository,
  ApiTokenRepository,
  AgentViewRepository,
  BearerTokenRepository,
  IdempotencyRepository,
  OnboardingRepository,
  OnboardingRowRepository,
  OperatorRepository,
  SignInAttemptRepository,
  AuditRepository,
  BearerTokenRepository,
  BrokerStatusRepository,
  EntityNoteRepository,
  EntityViewRepository,
  OperatorRepository,
  SiteDiagnosisRepository,
  SitePresenceRepository,
  SiteRepository,
  StreamAccountRepository,
  StreamViewRepository,
  TenantRepository,
  TunnelViewRepository,
  ViewTicketRepository,
  WebhookDeliveryRepository,
  WebhookEventOutboxRepository,
  WebhookOutboxRepository,
  WebhookRepository,
];

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [CONFIG],
      useFactory: (config: AdminConfig) =>
        Database.open({ url: config.ADIT_DATABASE_URL.reveal(), applicationName: 'admin-api' }),
    },
    ...REPOSITORIES,
  ],
  exports: [Database, ...REPOSITORIES],
})
export class DatabaseModule {}
