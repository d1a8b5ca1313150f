import { Database } from '@app/persistence';
import { runCloudApp } from '@app/runtime';
import { Registry } from 'prom-client';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { createHttpApp, listen } from './http/http-app.js';
import { PresenceMetrics } from './presence/presence.metrics.js';
import { WebhookMetrics } from './webhook/webhook.metrics.js';

await runCloudApp({
  name: 'admin-api',
  config: readConfig,
  module: appModule,
  create: createHttpApp,
  listen,
  registry: (context) => Registry.merge([context.get(WebhookMetrics).registry, context.get(PresenceMetrics).registry]),
  checks: (context) => ({ database: () => context.get(Database).ping() }),
});
