/** A process that is many idle agents, or as many bare TLS connections. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { built } from './built.mjs';

/** Handshakes under way at once: what the broker's door lets one address have is more. */
const AT_ONCE = 32;
const CONNECT_MS = 60_000;

/** @typedef {{ id: number, command: string, port: number, identities: import('./identities.mjs').Credentials[], isBare: boolean }} Order */

const { agentTlsOptions, TUNNEL_ALPN } = await built('pki');
const { Session } = await built('multiplex');
/** @type {unknown[]} */
const held = [];
let lost = 0;

/**
 * @param {import('./identities.mjs').Credentials} identity
 * @param {Order} order
 */
async function open(identity, { port, isBare }) {
  const options = agentTlsOptions({ ...identity, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
  const socket = connect({ ...options, host: '127.0.0.1', port });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
  socket.on('error', () => undefined).on('close', () => lost++);
  if (isBare) return void held.push(socket.resume());
  const hello = { instanceId: randomUUID(), agentVersion: '0.0.0-bench', platform: 'bench', wallClockMs: Date.now() };
  const session = new Session({ role: 'agent', transport: socket, hello });
  await session.start();
  held.push(session);
}

/** @param {Order} order */
async function openAll(order) {
  const left = [...order.identities];
  const lane = async () => {
    for (let identity = left.pop(); identity; identity = left.pop()) await open(identity, order);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** @param {Order} order */
async function answer(order) {
  try {
    if (order.command === 'open') await openAll(order);
    process.send?.({ id: order.id, open: held.length - lost });
  } catch (error) {
    process.send?.({ id: order.id, error: String(error) });
  }
}

process.on('message', (/** @type {Order} */ order) => void answer(order));
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
