import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { AgentModule } from './agent/agent.module.js';
import { AuthorityModule } from './authority/authority.module.js';
import { CameraModule } from './camera/camera.module.js';
import type { AdminConfig } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { FederationRoleModule } from './federation-role/federation-role.module.js';
import { HttpModule } from './http/http.module.js';
import { KeyfileModule } from './keyfile/keyfile.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { SessionModule } from './session/session.module.js';
import { SiteModule } from './site/site.module.js';
import { TenantModule } from './tenant/tenant.module.js';
import { TunnelModule } from './tunnel/tunnel.module.js';
import { ViewTicketModule } from './view-ticket/view-ticket.module.js';

/** The whole app for one configuration. */
export function appModule(config: AdminConfig): Type {
  @Module({
    imports: [
      RuntimeModule.forRoot('admin-api', config),
      DatabaseModule,
      SecretsModule,
      HttpModule,
      SessionModule,
      TenantModule,
      SiteModule,
      KeyfileModule,
      AgentModule,
      TunnelModule,
      FederationRoleModule,
      CameraModule,
      AuthorityModule,
      ViewTicketModule,
    ],
  })
  class AppModule {}
  return AppModule;
}
