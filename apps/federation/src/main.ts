import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { EventMetrics } from './events/event.metrics.js';
import { Database } from '@app/persistence';

await runCloudApp({
  name: 'federation',
  config: readConfig,
  module: appModule,
  registry: (context) => context.get(EventMetrics).registry,
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
