import { CONTROL_SERVICE } from '@app/contracts';
import type { OpenRequest, UplinkCap } from '@app/multiplex';
import type { AppLogger } from '@app/runtime';
import { arch, platform, release } from 'node:os';
import type { Identity } from '../identity/identity.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { EndpointDialer } from '../network/endpoint.dialer.js';
import { AGENT_VERSION } from '../version.js';
import { BackOff } from './back-off.js';
import { ChannelGate } from './channel.gate.js';
import { connectByNewest } from './newest-identity.js';
import type { ServiceAllowList } from './service-allow-list.js';
import { attachTunnel, attemptTunnel } from './tunnel.attempt.js';
import { TunnelClient } from './tunnel.client.js';

export interface TunnelParts {
  identity: IdentityHolder;
  dialer: EndpointDialer;
  services: ServiceAllowList;
  /** New for each process. */
  instanceId: string;
  uplinkCap: UplinkCap;
  /** The broker has something new for who asks. */
  onKnock: () => void;
  logger: AppLogger;
}

/** The tunnel of an enrolled site over the real network. */
export const createTunnel = ({
  identity,
  dialer,
  services,
  instanceId,
  uplinkCap,
  onKnock,
  logger,
}: TunnelParts): TunnelClient => {
  const gate = new ChannelGate(services, {
    refused: ({ service, class: channelClass, label }, code) =>
      logger.warn({ service, class: channelClass, label, code }, 'a channel was refused'),
    ended: ({ service, label }, { bytesIn, bytesOut, reason }) =>
      logger.debug({ service, label, bytesIn, bytesOut, reason }, 'a channel ended'),
  });
  const options = {
    dialer,
    hello: () => ({
      instanceId,
      agentVersion: AGENT_VERSION,
      platform: `${platform()} ${release()} ${arch()}`,
      wallClockMs: Date.now(),
    }),
    onOpen: (request: OpenRequest) => {
      if (request.service !== CONTROL_SERVICE) return gate.onOpen(request);
      request.accept().end();
      onKnock();
    },
    now: () => Date.now(),
    uplinkCap,
  };
  const byNewest = <T>(connect: (one: Identity) => Promise<T>): Promise<T> =>
    connectByNewest(identity, connect, (error) =>
      logger.error({ err: error }, 'the renewal cannot be completed on disk'),
    );
  const client = new TunnelClient({
    endpoints: identity.current.endpoints,
    attempt: (endpoint, signal) => byNewest((one) => attemptTunnel(endpoint, { ...options, identity: one }, signal)),
    attach: (connected, as, signal) =>
      byNewest((one) => attachTunnel(connected, as, { ...options, identity: one }, signal)),
    backOff: new BackOff(),
  });
  client.on('suspended', ({ code, message }) => logger.warn({ code }, `the tunnel is interrupted: ${message}`));
  client.on('resumed', ({ welcome }) => logger.info({ sessionId: welcome.sessionId }, 'the tunnel goes on'));
  client.on('up', ({ endpoint, welcome, clockSkewMs }) =>
    logger.info(
      { broker: endpoint.host, port: endpoint.port, sessionId: welcome.sessionId, clockSkewMs },
      'the tunnel is up',
    ),
  );
  client.on('down', ({ code, message, advice }) => logger.warn({ code, advice }, `the tunnel is down: ${message}`));
  client.on('moving', ({ code, message }) => logger.info({ code }, message));
  client.on('left', (broker, { code, message }) =>
    logger.info({ broker, code }, `the session left behind ended: ${message}`),
  );
  client.on('waiting', (retryInMs, { code, message, advice }) => logger.info({ code, advice, retryInMs }, message));
  return client;
};
