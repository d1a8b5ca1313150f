import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { Database } from '@app/persistence';
import { RtspListener } from './rtsp/rtsp.listener.js';
import { WebListener } from './web/web.listener.js';
import { RedirectorMetrics } from './rtsp/redirector.metrics.js';

await runCloudApp({
  name: 'video-redirector',
  config: readConfig,
  module: appModule,
  listen: async (context) => ({
    ...(await context.get(RtspListener).listen()),
    play: await context.get(WebListener).listen(),
  }),
  checks: (context) => ({ database: () => context.get(Database).ping() }),
  registry: (context) => context.get(RedirectorMetrics).registry,
});
