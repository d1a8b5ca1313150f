import { RuntimeModule } from '@app/runtime';
import { Module, type Type } from '@nestjs/common';
import type { RedirectorConfig } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import { RtspModule } from './rtsp/rtsp.module.js';
import { WebModule } from './web/web.module.js';

/** The whole app for one configuration. */
export function appModule(config: RedirectorConfig): Type {
  @Module({ imports: [RuntimeModule.forRoot('video-redirector', config), DatabaseModule, RtspModule, WebModule] })
  class AppModule {}
  return AppModule;
}
