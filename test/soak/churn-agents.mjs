/** A process that is many agents: sessions that come, are cut, resume, have more lanes and go, as they are told. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { built } from '../bench/built.mjs';

/**
 * @typedef {import('../bench/identities.mjs').Credentials} Credentials
 * @typedef {{ session: any, identity: Credentials, transports: Set<import('node:tls').TLSSocket> }} Agent
 * @typedef {object} Order
 * @property {number} id
 * @property {string} command
 * @property {number} port
 * @property {string} label
 * @property {Credentials} identity
 * @property {boolean} abrupt
 */

const CONNECT_MS = 20_000;

const { agentTlsOptions, TUNNEL_ALPN } = await built('pki');
const { channelDuplex, LANE_EXPORTER_BYTES, LANE_EXPORTER_LABEL, Session } = await built('multiplex');
/** @type {Map<string, Agent>} */
const agents = new Map();
const tally = { resumed: 0, lost: 0 };
/** @type {string | undefined} */
let lostWith;

/** @type {Record<string, (order: Order) => Promise<object>>} */
const COMMANDS = {
  come,
  /** All its connections at once; it resumes by itself. */
  cut: async ({ label }) => cutSome(label, () => true),
  cutLane: async ({ label }) => cutSome(label, (_, index) => index > 0),
  lane: async ({ label, port }) => {
    const agent = agents.get(label);
    if (agent?.session.state === 'open' && !agent.session.suspended)
      await attach(agent, port, 'lane').catch(() => undefined);
    return {};
  },
  go: async ({ label, abrupt }) => {
    const agent = agents.get(label);
    agents.delete(label);
    agent?.session.removeAllListeners();
    // Without a word the broker waits for it to come back.
    for (const transport of abrupt ? (agent?.transports ?? []) : []) transport.destroy();
    agent?.session.close();
    return {};
  },
  tally: async () => ({ ...tally, up: agents.size, lostWith }),
};

/** @param {Order} order */
async function come({ label, identity, port }) {
  const transport = await dial(identity, port);
  const hello = { instanceId: randomUUID(), agentVersion: '0.0.0-soak', platform: 'soak', wallClockMs: Date.now() };
  const session = new Session({ role: 'agent', transport, exporter: exporterOf(transport), hello, onOpen: echo });
  await session.start();
  const agent = { session, identity, transports: new Set([transport]) };
  agents.set(label, agent);
  session.on('suspended', () => void resume(agent, port));
  session.on('resumed', () => (tally.resumed += 1));
  session.on('close', (/** @type {{ code: string }} */ { code }) => {
    agents.delete(label);
    tally.lost += 1;
    lostWith = code;
  });
  return {};
}

/** @param {{ accept: () => unknown }} request */
function echo(request) {
  const duplex = channelDuplex(request.accept());
  duplex.on('error', () => undefined);
  duplex.pipe(duplex);
}

/**
 * @param {Agent} agent
 * @param {number} port
 */
async function resume(agent, port) {
  while (agent.session.suspended) await attach(agent, port, 'resume').catch(() => undefined);
}

/**
 * @param {Agent} agent
 * @param {number} port
 * @param {'resume' | 'lane'} as
 */
async function attach({ session, identity, transports }, port, as) {
  const transport = await dial(identity, port);
  transports.add(transport);
  transport.once('close', () => transports.delete(transport));
  await session.attach({ transport, exporter: exporterOf(transport), as });
}

/**
 * @param {string} label
 * @param {(transport: import('node:tls').TLSSocket, index: number) => boolean} chosen
 */
async function cutSome(label, chosen) {
  for (const transport of [...(agents.get(label)?.transports ?? [])].filter(chosen)) transport.destroy();
  return {};
}

/**
 * @param {Credentials} identity
 * @param {number} port
 */
async function dial(identity, port) {
  const options = agentTlsOptions({ ...identity, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
  const socket = connect({ ...options, host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
  return socket;
}

/** @param {import('node:tls').TLSSocket} socket */
function exporterOf(socket) {
  return socket.exportKeyingMaterial(LANE_EXPORTER_BYTES, LANE_EXPORTER_LABEL, Buffer.alloc(0));
}

/** @param {Order} order */
async function answer(order) {
  try {
    process.send?.({ id: order.id, ...(await COMMANDS[order.command](order)) });
  } catch (error) {
    process.send?.({ id: order.id, error: String(error) });
  }
}

process.on('message', (/** @type {Order} */ order) => void answer(order));
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
