import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { IssuerDatabase } from './database/issuer.database.js';

await runCloudApp({
  name: 'keyfile-issuer',
  config: readConfig,
  module: appModule,
  checks: (context) => ({ database: () => context.get(IssuerDatabase).ping() }),
});
