import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const COMMAND = join(import.meta.dirname, '..', '..', 'tools', 'wan-link.mjs');
const START_MS = 10_000;

/**
 * @typedef {object} Line
 * @property {number} port
 * @property {(event: string) => void} happen an event now, in the words of `tools/wan-link/script.mjs`
 * @property {() => Promise<void>} stop
 */

/**
 * A simulated line as a process of its own, so that it costs nobody else's turn.
 * @param {string[]} flags of tools/wan-link.mjs
 * @returns {Promise<Line>}
 */
export async function startLine(flags) {
  const child = fork(COMMAND, flags, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  child.stderr?.resume();
  const [{ ports }] = await once(child, 'message', { signal: AbortSignal.timeout(START_MS) });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const happen = (/** @type {string} */ event) => void child.send({ event });
  return { port: Number(ports.line), happen, stop };
}
