import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { FederationDatabase } from './database/federation.database.js';

await runCloudApp({
  name: 'federation',
  config: readConfig,
  module: appModule,
  checks: (context) => ({ database: () => context.get(FederationDatabase).ping() }),
});
