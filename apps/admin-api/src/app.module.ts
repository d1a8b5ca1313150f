import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { ApiTokenModule } from './api-token/api-token.module.js';
import { AlarmModule } from './alarm/alarm.module.js';
import { AgentModule } from './agent/agent.module.js';
import { AuditModule } from './audit/audit.module.js';
import { BrokerModule } from './broker/broker.module.js';
import { AuthorityModule } from './authority/authority.module.js';
import { CameraModule } from './camera/camera.module.js';
import type { AdminConfig } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { DiagnosisModule } from './diagnosis/diagnosis.module.js';
import { EventModule } from './event/event.module.js';
import { EntityModule } from './entity/entity.module.js';
import { CommandModule } from './command/command.module.js';
import { FederationRoleModule } from './federation-role/federation-role.module.js';
import { HttpModule } from './http/http.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { KeyfileModule } from './keyfile/keyfile.module.js';
import { OidcModule } from './oidc/oidc.module.js';
import { OperatorModule } from './operator/operator.module.js';
import { PresenceModule } from './presence/presence.module.js';
import { OnboardingModule } from './onboarding/onboarding.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { SessionModule } from './session/session.module.js';
import { SiteModule } from './site/site.module.js';
import { StreamAccountModule } from './stream-account/stream-account.module.js';
import { StreamModule } from './stream/stream.module.js';
import { TenantModule } from './tenant/tenant.module.js';
import { TunnelModule } from './tunnel/tunnel.module.js';
import { ViewTicketModule } from './view-ticket/view-ticket.module.js';
import { WebhookModule } from './webhook/webhook.module.js';

/** The whole app for one configuration. */
export function appModule(config: AdminConfig): Type {
  @Module({
    imports: [
      RuntimeModule.forRoot('admin-api', config),
      DatabaseModule,
      SecretsModule,
      HttpModule,
      AccessModule,
      IdempotencyModule,
      SessionModule,
      OidcModule,
      OperatorModule,
      ApiTokenModule,
      TenantModule,
      SiteModule,
      KeyfileModule,
      AgentModule,
      OnboardingModule,
      TunnelModule,
      DiagnosisModule,
      FederationRoleModule,
      CameraModule,
      StreamModule,
      EventModule,
      AlarmModule,
      EntityModule,
      CommandModule,
      AuthorityModule,
      ViewTicketModule,
      StreamAccountModule,
      AuditModule,
      BrokerModule,
      WebhookModule,
      PresenceModule,
      RecoveryModule,
    ],
  })
  class AppModule {}
  return AppModule;
}
