import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {object} RunningPeer another tunnel between the same two ends
 * @property {string} name with what decides its speed
 * @property {number} port where clients connect
 * @property {number} serverPid in the broker's place
 * @property {number} clientPid in the agent's place
 * @property {() => Promise<void>} stop
 */

const LISTEN_MS = 10_000;

/**
 * Resolves when something accepts connections there.
 * @param {number} port
 */
export async function listens(port) {
  const deadline = Date.now() + LISTEN_MS;
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await delay(50);
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
