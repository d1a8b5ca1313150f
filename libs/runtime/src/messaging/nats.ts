import { nkeyAuthenticator, type Authenticator } from '@nats-io/transport-node';
import type { NatsOptions } from '@nestjs/microservices';
import type { CommonEnvironment } from '../environment.js';
import { readSecretFile } from '../environment.js';
import { ConfigurationError } from '../errors.js';

type Messaging = Pick<CommonEnvironment, 'NATS_URL' | 'ADIT_NATS_TOKEN_FILE' | 'ADIT_NATS_NKEY_FILE'>;

/** Messaging is always authenticated: a token on one machine, an nkey per app in containers. */
const credentials = (config: Messaging): { token: string } | { authenticator: Authenticator } => {
  if (config.ADIT_NATS_NKEY_FILE !== undefined) {
    const seed = readSecretFile(config.ADIT_NATS_NKEY_FILE, 'ADIT_NATS_NKEY_FILE').reveal();
    return { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) };
  }
  if (config.ADIT_NATS_TOKEN_FILE !== undefined) {
    return { token: readSecretFile(config.ADIT_NATS_TOKEN_FILE, 'ADIT_NATS_TOKEN_FILE').reveal() };
  }
  throw new ConfigurationError('configuration: ADIT_NATS_TOKEN_FILE or ADIT_NATS_NKEY_FILE: one of them is needed');
};

/** Reconnects for ever: the message server may come back at any time. */
export const natsOptions = (app: string, config: Messaging): Required<Pick<NatsOptions, 'options'>>['options'] => ({
  servers: config.NATS_URL.split(','),
  name: app,
  queue: app,
  // An app reads the answers to its own requests only: the server's rights name this prefix.
  inboxPrefix: `_INBOX.${app.replace(/-client$/, '')}`,
  gracefulShutdown: true,
  // Time for the answers under way; the stop as a whole has 3 s.
  gracePeriod: 250,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 250,
  waitOnFirstConnect: true,
  pingInterval: 5_000,
  maxPingOut: 2,
  ...credentials(config),
});
