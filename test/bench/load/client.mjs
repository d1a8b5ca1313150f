/** A process in the cloud: opens connections by a path, and counts or times what comes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FrameSink, MODE_BYTE, pour, spread } from './traffic.mjs';

/**
 * @typedef {object} Path
 * @property {string} [host] default loopback
 * @property {number} port
 * @property {{ target: string, ticket: string }} [dial] CONNECT at a broker's ingress
 * @property {{ ca: string, servername: string }} [tls]
 *
 * @typedef {object} Opening
 * @property {import('./traffic.mjs').Mode} mode
 * @property {Path[]} paths
 * @property {boolean} [isStuck] what comes is never read
 */

const ECHO_PAUSE_MS = 20;
const CONNECT_MS = 15_000;

/** @type {Set<import('node:net').Socket>} */
const sockets = new Set();
/** @type {WeakMap<import('node:net').Socket, number>} */
const counted = new WeakMap();
const frames = new FrameSink();
/** @type {number[]} ms */
let trips = [];
let received = 0;

/** @type {Record<string, (rest: Opening) => Promise<object>>} */
const COMMANDS = {
  open: async ({ mode, paths, isStuck }) => {
    const opened = await Promise.all(paths.map((path) => open(mode, path)));
    for (const socket of opened) if (isStuck) socket.pause();
    return {};
  },
  close: async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    return {};
  },
  count: async () => ({ bytes: received, atMs: performance.now() }),
  fairness: async () => fairness(),
  frames: async () => ({ ...frames.take(), open: sockets.size }),
  trips: async () => {
    const sorted = Float64Array.from(trips).sort();
    trips = [];
    return spread(sorted);
  },
};

/**
 * @param {import('./traffic.mjs').Mode} mode
 * @param {Path} path
 */
async function open(mode, path) {
  const socket = await reach(path);
  sockets.add(socket.on('error', () => undefined));
  socket.on('close', () => sockets.delete(socket));
  socket.write(Buffer.of(MODE_BYTE[mode]));
  if (mode === 'sink') pour(socket);
  if (mode === 'video') frames.add(socket);
  if (mode === 'echo') ping(socket);
  socket.on('data', (chunk) => (received += chunk.length));
  return socket;
}

/**
 * Jain's index of what each reading connection got since the last call: 1 when all got the same, 1/n when one got all.
 * Bytes count when the application has them.
 */
function fairness() {
  const reading = [...sockets].filter((socket) => !socket.isPaused());
  const shares = reading.map((socket) => socket.bytesRead - (counted.get(socket) ?? 0));
  for (const socket of reading) counted.set(socket, socket.bytesRead);
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share ** 2, 0);
  return { jain: sum ** 2 / (shares.length * squares), channels: shares.length };
}

/**
 * @param {Path} path
 * @returns {Promise<import('node:net').Socket>}
 */
async function reach({ host = '127.0.0.1', port, dial, tls }) {
  const signal = AbortSignal.timeout(CONNECT_MS);
  const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
  socket.setNoDelay(true);
  await once(socket, tls ? 'secureConnect' : 'connect', { signal });
  if (!dial) return socket;
  const { target, ticket } = dial;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\nproxy-authorization: Bearer ${ticket}\r\n\r\n`);
  const [answer] = await once(socket, 'data', { signal });
  const head = String(answer);
  if (!/^HTTP\/1.1 200 /.test(head)) throw new Error(`the dial was answered: ${head.slice(0, 300)}`);
  return socket;
}

/**
 * One small message there and back, again and again.
 * @param {import('node:net').Socket} socket
 */
function ping(socket) {
  let sentAt = performance.now();
  const send = () => {
    sentAt = performance.now();
    if (socket.writable) socket.write(Buffer.alloc(64));
  };
  socket.on('data', () => {
    trips.push(performance.now() - sentAt);
    setTimeout(send, ECHO_PAUSE_MS);
  });
  send();
}

/** @param {Opening & { id: number, command: string }} order */
async function answer({ id, command, ...rest }) {
  try {
    process.send?.({ id, ...(await COMMANDS[command](rest)) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
}

process.on('message', (/** @type {Opening & { id: number, command: string }} */ order) => void answer(order));
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
