import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { Database } from '@app/persistence';
import { RtspListener } from './rtsp/rtsp.listener.js';
import { RedirectorMetrics } from './rtsp/redirector.metrics.js';

await runCloudApp({
  name: 'video-redirector',
  config: readConfig,
  module: appModule,
  listen: (context) => context.get(RtspListener).listen(),
  checks: (context) => ({ database: () => context.get(Database).ping() }),
  registry: (context) => context.get(RedirectorMetrics).registry,
});
