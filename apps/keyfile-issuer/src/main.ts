import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { AuthorityMetrics } from './authority/authority.metrics.js';
import { readConfig } from './config.js';
import { Database } from '@app/persistence';

await runCloudApp({
  name: 'keyfile-issuer',
  config: readConfig,
  module: appModule,
  registry: (context) => context.get(AuthorityMetrics).registry,
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
