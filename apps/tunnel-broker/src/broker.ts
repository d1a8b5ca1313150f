import { Database } from '@app/persistence';
import { type AppLogger, LOGGER } from '@app/runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerConfig } from './config.js';
import { AuthorityWatch } from './identity/authority.watch.js';
import { BrokerIdentityService } from './identity/broker-identity.service.js';
import { IngressServer } from './ingress/ingress.server.js';
import { TunnelListener } from './listener/tunnel-listener.js';
import { BROKER_ID } from './tokens.js';
import { HeartbeatService } from './tunnel/heartbeat.service.js';
import { HistoryService } from './tunnel/history.service.js';
import { RevocationWatch } from './tunnel/revocation.watch.js';

const DATABASE_RETRY_MS = 500;

/** Brings the parts up in the order in which they need each other; agents come last. */
export const listen = async (
  context: INestApplicationContext,
  config: BrokerConfig,
): Promise<Record<string, number>> => {
  await Promise.all([
    connect(context.get(Database), context.get<AppLogger>(LOGGER)),
    context.get(BrokerIdentityService).load(),
  ]);
  const ingress = await context.get(IngressServer).listen();
  await context.get(HeartbeatService).start({
    id: context.get<string>(BROKER_ID),
    ingress: config.ADIT_INGRESS_PUBLIC ?? formatHostPort(config.ADIT_INGRESS_HOST, ingress),
    ingressTls: config.ADIT_INGRESS_TLS,
  });
  context.get(AuthorityWatch).start();
  await context.get(RevocationWatch).start();
  context.get(HistoryService).start();
  const tunnel = await context.get(TunnelListener).listen();
  return { tunnel, ingress };
};

export const checks = (context: INestApplicationContext): Record<string, () => Promise<boolean> | boolean> => ({
  database: () => context.get(Database).ping(),
  listener: () => context.get(TunnelListener).listening,
});

/** The database may come up after us. */
const connect = async (database: Database, logger: AppLogger): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await database.connect();
      return;
    } catch (error) {
      if (attempt % 20 === 1) logger.warn({ err: error }, 'waiting for the database');
      await delay(DATABASE_RETRY_MS);
    }
  }
};

const formatHostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
