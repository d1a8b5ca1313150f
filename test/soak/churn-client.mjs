/** A process in the cloud: dials, sends random bytes, reads them back and compares. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * `equal`: all came back. `different`: all came back, and others. `cut`: the connection ended before. `refused`: the dial.
 * @typedef {'equal' | 'different' | 'cut' | 'refused'} Ending
 * @typedef {{ label: string, ending: Ending, detail: string, bytes: number }} Outcome
 * @typedef {{ id: number, command: string, label: string, bytes: number, path: import('../bench/load/client.mjs').Path }} Order
 */

const CHUNK_BYTES = 16 * 1024;
const DIAL_MS = 20_000;
/** Every other channel takes seconds, so that cuts fall into it. */
const PAUSE_MS = 150;
/** Far beyond the wait for a resume: what takes longer has been forgotten by somebody. */
const CARRY_MS = 90_000;

/** @type {Outcome[]} */
let outcomes = [];
let running = 0;

/** @param {Order} order */
async function carry({ label, bytes, path }) {
  running += 1;
  /** @type {Outcome} */
  const outcome = { label, ending: 'cut', detail: '', bytes };
  try {
    Object.assign(outcome, await carried(path, bytes));
  } catch (error) {
    outcome.detail = String(error);
  }
  running -= 1;
  outcomes.push(outcome);
}

/**
 * @param {import('../bench/load/client.mjs').Path} path
 * @param {number} bytes
 * @returns {Promise<{ ending: Ending, detail: string }>}
 */
async function carried({ port, dial }, bytes) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const timer = setTimeout(() => socket.destroy(new Error('it takes for ever')), CARRY_MS);
  socket.on('error', () => undefined).once('close', () => clearTimeout(timer));
  try {
    socket.write(`CONNECT ${dial?.target} HTTP/1.1\r\nhost: x\r\nproxy-authorization: Bearer ${dial?.ticket}\r\n\r\n`);
    const [head] = await once(socket, 'data', { signal: AbortSignal.timeout(DIAL_MS) });
    if (!/^HTTP\/1.1 200 /.test(String(head))) return { ending: 'refused', detail: String(head).slice(0, 300) };
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      got.update(chunk);
    });
    const ended = once(socket, 'close');
    const slow = Math.random() < 0.5;
    for (let left = bytes; left > 0; left -= CHUNK_BYTES) {
      const chunk = randomBytes(Math.min(left, CHUNK_BYTES));
      sent.update(chunk);
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), ended]);
      if (slow && !socket.destroyed) await delay(Math.random() * 2 * PAUSE_MS);
    }
    socket.end();
    await ended;
    if (received !== bytes) return { ending: 'cut', detail: `after ${received} of ${bytes} bytes` };
    return { ending: sent.digest('hex') === got.digest('hex') ? 'equal' : 'different', detail: '' };
  } finally {
    socket.destroy();
  }
}

process.on('message', (/** @type {Order} */ order) => {
  if (order.command === 'carry') void carry(order);
  process.send?.({ id: order.id, outcomes, running });
  outcomes = [];
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
