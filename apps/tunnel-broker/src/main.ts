import { runCloudApp } from '@app/runtime';
import { appModule } from './app.module.js';
import { readConfig } from './config.js';
import { Registry } from 'prom-client';
import { checks, listen } from './broker.js';
import { GateMetrics } from './listener/gate.metrics.js';
import { TunnelMetrics } from './metrics/tunnel.metrics.js';

/** For the words to the database before and after the drain. */
const STOP_MARGIN_MS = 1_700;

await runCloudApp({
  name: 'tunnel-broker',
  config: readConfig,
  module: appModule,
  listen,
  checks,
  registry: (context) => Registry.merge([context.get(TunnelMetrics).registry, context.get(GateMetrics).registry]),
  stopTimeoutMs: ({ ADIT_DRAIN_DEADLINE_MS }) => ADIT_DRAIN_DEADLINE_MS + STOP_MARGIN_MS,
});
