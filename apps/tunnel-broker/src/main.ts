import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { checks, listen } from './broker.js';
import { GateMetrics } from './listener/gate.metrics.js';

await runCloudApp({
  name: 'tunnel-broker',
  config: readConfig,
  module: appModule,
  listen,
  checks,
  registry: (context) => context.get(GateMetrics).registry,
});
