/** A process that is many agents: the agent's own tunnel client with its back-off and timeouts, over real TLS. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { built } from './built.mjs';

const AGENT = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'agent', 'src');
/** @param {string} file */
const ofAgent = (file) => import(pathToFileURL(join(AGENT, file)).href);
const [{ createTunnel }, { EndpointDialer }, { ProxySettings }, { ServiceAllowList }] = await Promise.all(
  [
    'tunnel/tunnel.factory.js',
    'network/endpoint.dialer.js',
    'network/proxy.settings.js',
    'tunnel/service-allow-list.js',
  ].map(ofAgent),
);

const { UplinkCap } = await built('multiplex');

const silent = { info: () => undefined, warn: () => undefined, debug: () => undefined, error: () => undefined };
const dialer = new EndpointDialer(new ProxySettings({ explicit: 'none' }));
/** Not up, as its client tells. */
const waiting = new Set();
/** @type {any[]} */
const clients = [];
/** Failed attempts since the last question, by the agent's code. @type {Record<string, number>} */
let troubles = {};
let lastUpAt = 0;

/** @typedef {{ id: number, command: string, port: number, identities: import('./identities.mjs').Credentials[] }} Order */

/**
 * @param {import('./identities.mjs').Credentials} credentials
 * @param {number} port
 */
function start({ key, chain, roots }, port) {
  const identity = {
    privateKey: key,
    certificateChain: chain,
    trust: { roots },
    endpoints: [{ host: '127.0.0.1', port, serverName: '127.0.0.1', priority: 0 }],
  };
  const instanceId = randomUUID();
  const uplinkCap = new UplinkCap();
  const holder = { current: identity, next: undefined, admitted: async () => undefined };
  const services = new ServiceAllowList();
  const onKnock = () => undefined;
  const parts = { identity: holder, dialer, services, instanceId, uplinkCap, onKnock, logger: silent };
  const client = createTunnel(parts);
  const isUp = () => {
    waiting.delete(client);
    lastUpAt = Date.now();
  };
  const isNot = () => waiting.add(client);
  waiting.add(client);
  clients.push(client);
  client.on('up', isUp).on('resumed', isUp).on('suspended', isNot).on('down', isNot);
  client.on('waiting', (/** @type {number} */ _ms, /** @type {{ code: string }} */ { code }) => {
    troubles[code] = (troubles[code] ?? 0) + 1;
  });
  client.start();
}

process.on('message', (/** @type {Order} */ { id, command, port, identities }) => {
  if (command === 'start') for (const identity of identities) start(identity, port);
  const told = troubles;
  if (command === 'forget') troubles = {};
  process.send?.({ id, up: clients.length - waiting.size, lastUpAt, troubles: told });
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
