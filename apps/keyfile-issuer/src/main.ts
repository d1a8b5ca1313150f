import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { Database } from '@app/persistence';

await runCloudApp({
  name: 'keyfile-issuer',
  config: readConfig,
  module: appModule,
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
