import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withLifeline } from '../../tools/launcher/lifeline.mjs';
import { freePort } from '../../tools/launcher/port.mjs';

/**
 * @typedef {object} RunningPeer another tunnel between the same two ends
 * @property {string} name with what decides its speed
 * @property {number} port where clients connect
 * @property {number} serverPid in the broker's place
 * @property {number} clientPid in the agent's place
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Place what a peer's configuration is made of
 * @property {string} dir for its files; removed at the end
 * @property {number} controlPort where its two ends meet
 * @property {number} port where clients connect
 * @property {number} servicePort on the site
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {number} [controlPort] where it cannot be chosen
 * @property {(place: Place) => { server: string[], client: string[] }} commands writes its files
 */

const LISTEN_MS = 10_000;

/**
 * Starts both ends over loopback.
 * @param {Peer} peer
 * @param {number} servicePort
 * @returns {Promise<RunningPeer>}
 */
export async function startPeer({ name, controlPort, commands }, servicePort) {
  const dir = mkdtempSync(join(tmpdir(), 'adit-peer-'));
  const place = { dir, controlPort: controlPort ?? (await freePort()), port: await freePort(), servicePort };
  /** @type {string[]} */
  const said = [];
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  const stop = async () => {
    for (const child of children.splice(0).toReversed()) await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  const launch = (/** @type {string[]} */ [program, ...args]) => {
    const child = spawn(...withLifeline('SIGTERM', program, args), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => said.splice(0, said.length - 20, text));
    }
    child.once('error', (error) => said.push(error.message));
    children.push(child);
    return child.pid ?? 0;
  };
  try {
    const { server, client } = commands(place);
    const serverPid = launch(server);
    await listens(place.controlPort);
    const clientPid = launch(client);
    await listens(place.port);
    return { name, port: place.port, serverPid, clientPid, stop };
  } catch (error) {
    await stop();
    throw new Error(`${name} does not come up: ${said.join('').slice(-600)}`, { cause: error });
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const cut = setTimeout(() => child.kill('SIGKILL'), LISTEN_MS / 5);
  await ended;
  clearTimeout(cut);
}

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
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
