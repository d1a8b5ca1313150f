import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { AgentModule } from './agent/agent.module.js';
import { AuthorityModule } from './authority/authority.module.js';
import type { IssuerConfig } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { EnrolmentModule } from './enrolment/enrolment.module.js';
import { JournalModule } from './journal/journal.module.js';
import { KeyfileModule } from './keyfile/keyfile.module.js';
import { RenewalModule } from './renewal/renewal.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';

/** The whole app for one configuration. */
export function appModule(config: IssuerConfig): Type {
  @Module({
    imports: [
      RuntimeModule.forRoot('keyfile-issuer', config),
      DatabaseModule,
      AuthorityModule,
      JournalModule,
      KeyfileModule,
      EnrolmentModule,
      RenewalModule,
      AgentModule,
      RecoveryModule,
    ],
  })
  class AppModule {}
  return AppModule;
}
