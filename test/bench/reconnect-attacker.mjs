/** A process that attacks a tunnel port from its own address, in every way a stranger can. Counts what it got. */
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { built } from './built.mjs';

/** Connections kept under way by each kind of attack. */
const AT_ONCE = 200;
/** No kind begins more than this many connections per second: the machine has to carry the agents too. */
const PER_SECOND = 150;
const GIVE_UP_MS = 10_000;

const { agentTlsOptions, TUNNEL_ALPN } = await built('pki');
/** `answered`: the broker did its part of a handshake. */
const counts = { attempts: 0, answered: 0 };
let stopping = false;
let port = 0;
let foreign = { key: '', chain: '' };
let roots = [''];

/** @typedef {() => import('node:net').Socket} Attack */

/** @param {Partial<{ key: string, cert: string }>} change */
const handshake = (change) => () => {
  const options = agentTlsOptions({ key: '', chain: '', roots, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
  const socket = connectTls({ ...options, key: undefined, cert: undefined, ...change, host: '127.0.0.1', port });
  // TLS 1.3 tells a client that it is connected before its certificate is judged.
  return socket.once('secureConnect', () => counts.answered++);
};
/** @param {Buffer | string} bytes */
const raw = (bytes) => () => {
  const socket = connectTcp({ host: '127.0.0.1', port });
  socket.once('connect', () => socket.write(bytes));
  return socket.once('data', () => counts.answered++);
};
/** A whole ClientHello, recorded once, and then silence: the dearest that can be had without a key. @type {Buffer} */
let hello = Buffer.alloc(0);

/** @type {Record<string, Attack>} */
const ATTACKS = {
  garbage: () => raw('GET / HTTP/1.1\r\n\r\n')(),
  silent: () => raw('')(),
  halfOpen: () => raw(hello)(),
  noCertificate: handshake({}),
  wrongCertificate: () => handshake({ key: foreign.key, cert: foreign.chain })(),
};

/** @param {Attack} attack */
async function run(attack) {
  const everyMs = (AT_ONCE / PER_SECOND) * 1_000;
  while (!stopping) {
    const next = Date.now() + everyMs * (0.5 + Math.random());
    counts.attempts++;
    await new Promise((resolve) => {
      const socket = attack();
      const timer = setTimeout(() => socket.destroy(), GIVE_UP_MS);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      socket.resume();
    });
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
  }
}

/** @returns {Promise<Buffer>} what a client of ours says first */
function recordHello() {
  return new Promise((resolve) => {
    const socket = new Duplex({ read: () => undefined, write: (chunk) => resolve(chunk) });
    const options = agentTlsOptions({ key: '', chain: '', roots, serverName: '127.0.0.1', alpn: TUNNEL_ALPN });
    connectTls({ ...options, key: undefined, cert: undefined, socket }).on('error', () => undefined);
  });
}

/** @typedef {{ id: number, command: string, port: number, roots: string[], foreign: typeof foreign }} Order */
/** @param {Order} order */
async function answer(order) {
  if (order.command === 'attack') {
    ({ port, roots, foreign } = order);
    hello = await recordHello();
    stopping = false;
    for (const attack of Object.values(ATTACKS)) for (let one = 0; one < AT_ONCE; one++) void run(attack);
  }
  if (order.command === 'stop') stopping = true;
  process.send?.({ id: order.id, ...counts });
}

process.on('message', (/** @type {Order} */ order) => void answer(order));
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
