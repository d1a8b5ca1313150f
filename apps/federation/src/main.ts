import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { CommandMetrics } from './commands/command.metrics.js';
import { readConfig } from './config.js';
import { Database } from '@app/persistence';

await runCloudApp({
  name: 'federation',
  config: readConfig,
  module: appModule,
  registry: (context) => context.get(CommandMetrics).registry,
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
