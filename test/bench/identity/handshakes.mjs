import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { startBareTls } from '../bare-tls-process.mjs';
import { built } from '../built.mjs';
import { BenchCloud } from '../cloud.mjs';
import { makeIdentities } from '../identities.mjs';
import { cpuSeconds } from '../usage.mjs';

const COUNT = 400;
const AT_ONCE = 8;
const GIVE_UP_MS = 10_000;

/**
 * CPU of the broker for one connection, of an agent up to its tunnel and of each kind of stranger; and for the bare
 * handshake, that of a TLS server with the broker's settings and nothing behind it.
 * @param {import('../../../tools/bench.mjs').Bench} bench
 */
export default async function handshakes({ report }) {
  const cloud = await BenchCloud.start();
  const bare = await startBareTls(join(cloud.dataDir, 'broker', 'identity.json'));
  try {
    const [identity] = await makeIdentities(cloud, 1);
    if (!identity) throw new Error('no identity was made');
    const clients = await kinds(identity);
    const good = await costOf(bare.pid, bare.port, clients.agent);
    report({
      figure: 'mutual handshakes of the broker’s settings, per core',
      value: 1 / good,
      unit: '1/s',
      bar: 'value >= 500',
    });
    for (const [kind, client] of Object.entries(clients)) {
      const seconds = kind === 'agent' ? good : await costOf(bare.pid, bare.port, client);
      const bar = kind.startsWith('only ') ? 'value <= 2' : kind === 'agent' ? undefined : 'ratio <= 3';
      report({
        figure: `CPU of a handshake: ${kind}`,
        value: seconds * 1_000,
        unit: 'ms',
        ...(kind === 'agent' ? {} : { reference: 'agent', referenceValue: Number((good * 1_000).toPrecision(4)) }),
        ...(bar === undefined ? {} : { bar }),
      });
    }
    for (const kind of /** @type {const} */ (['no certificate', 'only ffdhe8192', 'only P-521'])) {
      const seconds = await costOf(cloud.brokerPid, cloud.ports.tunnel, clients[kind]);
      const figure = `CPU of the whole broker for a connection: ${kind}`;
      report({
        figure,
        value: seconds * 1_000,
        unit: 'ms',
        ...(kind.startsWith('only ') ? { bar: 'value <= 2' } : {}),
      });
    }
  } finally {
    await bare.stop();
    await cloud.stop();
  }
}

/** @param {import('../identities.mjs').Credentials} identity */
async function kinds(identity) {
  const { agentTlsOptions, TUNNEL_ALPN } = await built('pki');
  const options = agentTlsOptions({ ...identity, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
  const stranger = { ...options, key: undefined, cert: undefined };
  /** @param {import('node:tls').ConnectionOptions} settings */
  const client = (settings) => (/** @type {number} */ port) => connect({ ...settings, host: '127.0.0.1', port });
  return {
    agent: client(options),
    'no certificate': client(stranger),
    'only ffdhe8192': client({ ...stranger, ecdhCurve: 'ffdhe8192' }),
    'only P-521': client({ ...stranger, ecdhCurve: 'P-521' }),
    'TLS 1.2': client({ ...stranger, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
    garbage: (/** @type {number} */ port) => {
      const socket = connectTcp(port, '127.0.0.1');
      return socket.once('connect', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    },
  };
}

/**
 * @param {number} pid
 * @param {number} port
 * @param {(port: number) => import('node:net').Socket} client
 * @returns {Promise<number>} seconds of CPU for each connection
 */
async function costOf(pid, port, client) {
  await connectAll(40, port, client);
  const before = cpuSeconds(pid);
  await connectAll(COUNT, port, client);
  return (cpuSeconds(pid) - before) / COUNT;
}

/**
 * @param {number} count
 * @param {number} port
 * @param {(port: number) => import('node:net').Socket} client
 */
async function connectAll(count, port, client) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const socket = client(port).on('error', () => undefined);
      socket.resume();
      // The certificate is judged after the client's own `secureConnect`; then an agent would say HELLO.
      socket.once('secureConnect', () => setTimeout(() => socket.destroy(), 20));
      const timer = setTimeout(() => socket.destroy(), GIVE_UP_MS);
      await new Promise((resolve) => socket.once('close', resolve));
      clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
