import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { CommandMetrics } from './commands/command.metrics.js';
import { readConfig } from './config.js';
import { EventMetrics } from './events/event.metrics.js';
import { Database } from '@app/persistence';
import { Registry } from 'prom-client';

await runCloudApp({
  name: 'federation',
  config: readConfig,
  module: appModule,
  registry: (context) => Registry.merge([context.get(EventMetrics).registry, context.get(CommandMetrics).registry]),
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
