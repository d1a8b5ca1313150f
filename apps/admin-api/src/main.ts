import { Database } from '@app/persistence';
import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { createHttpApp, listen } from './http/http-app.js';

await runCloudApp({
  name: 'admin-api',
  config: readConfig,
  module: appModule,
  create: createHttpApp,
  listen,
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
