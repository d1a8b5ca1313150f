import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RedirectorConfig } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { RtspModule } from './rtsp/rtsp.module.js';
import { RedirectorIdModule } from './streams/redirector-id.js';
import { streamControlHandler } from './streams/stream-control.handler.js';
import { WebModule } from './web/web.module.js';

/** The whole app for one configuration. */
export function appModule(config: RedirectorConfig): Type {
  const redirectorId = randomUUID();
  @Module({
    imports: [
      RuntimeModule.forRoot('video-redirector', config),
      RedirectorIdModule.of(redirectorId),
      DatabaseModule,
      RtspModule,
      WebModule,
    ],
    controllers: [streamControlHandler(redirectorId)],
  })
  class AppModule {}
  return AppModule;
}
