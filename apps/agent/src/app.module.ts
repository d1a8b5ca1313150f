import { type AppLogger, LOGGER } from '@app/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { IdentityStore } from './identity/identity.store.js';
import { ANNOUNCE, RunService } from './run/run.service.js';
import { RUN_SETTINGS, type RunSettings } from './run/run.settings.js';
import { UserStore } from './users/user.store.js';

/** The running agent. */
@Module({})
export class AgentModule {
  static forRoot(settings: RunSettings, logger: AppLogger): DynamicModule {
    return {
      module: AgentModule,
      providers: [
        { provide: RUN_SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        { provide: ANNOUNCE, useValue: (message: object) => process.send?.(message) },
        { provide: IdentityStore, useFactory: () => new IdentityStore(settings.state) },
        { provide: UserStore, useFactory: () => new UserStore(settings.state) },
        RunService,
      ],
    };
  }
}
