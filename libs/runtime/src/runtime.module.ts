import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { CommonEnvironment } from './environment.js';
import { createLogger } from './logger.js';
import { MessageClient } from './messaging/message-client.js';
import { CONFIG, LOGGER } from './tokens.js';

/** Config, logger and messaging for a whole app. The app's `config.ts` has parsed the environment before. */
@Global()
@Module({})
export class RuntimeModule {
  static forRoot(app: string, config: CommonEnvironment): DynamicModule {
    return {
      module: RuntimeModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => ({ ...config })],
        }),
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useFactory: () => createLogger(app, config.ADIT_LOG_LEVEL) },
        MessageClient,
      ],
      exports: [CONFIG, LOGGER, MessageClient],
    };
  }
}
