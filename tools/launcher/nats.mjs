import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from './errors.mjs';
import { withLifeline } from './lifeline.mjs';
import { NatsServer } from './nats-server.mjs';
import { freePort } from './port.mjs';

const START_MS = 10_000;
const STOP_MS = 500;
const RESTART_MS = 500;

/**
 * @typedef {object} Nats
 * @property {string} url
 * @property {string} [tokenFile] readable by the owner alone; absent for a foreign server, whose credentials the apps' own settings name
 * @property {'foreign' | 'nats-server' | 'built-in'} kind
 * @property {() => Promise<void>} stop
 */

/**
 * Messaging for one machine: `NATS_URL`, else `nats-server` of the PATH, else the server of this folder.
 * @param {{ dir: string, log?: (line: string) => void, server?: string }} options
 *   `server`: path of a nats-server, or `built-in`
 * @returns {Promise<Nats>}
 * @throws {LauncherError} `nats-failed`
 */
export async function startNats({ dir, log = () => undefined, server = natsServerOnPath() ?? 'built-in' }) {
  const foreign = process.env.NATS_URL;
  if (foreign) return { url: foreign, kind: 'foreign', stop: async () => undefined };
  mkdirSync(dir, { recursive: true });
  const tokenFile = join(dir, 'nats.token');
  const token = tokenFrom(tokenFile);
  if (server === 'built-in') {
    const builtIn = new NatsServer({ token });
    const port = await builtIn.start();
    return { url: `nats://127.0.0.1:${port}`, tokenFile, kind: 'built-in', stop: () => builtIn.close() };
  }
  const external = new ExternalServer({ server, dir, token, port: await freePort(), log });
  await external.start();
  return {
    url: `nats://127.0.0.1:${external.options.port}`,
    tokenFile,
    kind: 'nats-server',
    stop: () => external.stop(),
  };
}

/** @returns {string | undefined} */
function natsServerOnPath() {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'nats-server'));
  return candidates.find((file) => existsSync(file));
}

/**
 * @returns {string} path of `nats-server`
 * @throws {LauncherError} `nats-failed` when the PATH has none
 */
export function findNatsServer() {
  const file = natsServerOnPath();
  if (!file) throw new LauncherError('nats-failed', 'nats-server is not on the PATH');
  return file;
}

/**
 * @param {string} file
 * @returns {string}
 */
function tokenFrom(file) {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

/** `nats-server` as a child that is started again when it ends unasked. */
class ExternalServer {
  /** @param {{ server: string, dir: string, token: string, port: number, log: (line: string) => void }} options */
  constructor(options) {
    this.options = options;
    this.stopping = false;
    /** The token must not be an argument, which any user of the machine can read. */
    this.configFile = join(options.dir, `nats.${process.pid}.${options.port}.conf`);
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
    /** @type {Promise<void>} */
    this.ended = Promise.resolve();
  }

  async start() {
    const { token, port } = this.options;
    const lines = ['host: "127.0.0.1"', `port: ${port}`, `authorization { token: "${token}" }`, 'max_payload: 1MB'];
    writeFileSync(this.configFile, `${lines.join('\n')}\n`, { mode: 0o600 });
    this.launch();
    const deadline = Date.now() + START_MS;
    while (!(await greets(port))) {
      if (Date.now() > deadline) {
        await this.stop();
        throw new LauncherError('nats-failed', `${this.options.server} does not answer on port ${port}`);
      }
      await delay(20);
    }
  }

  launch() {
    const child = spawn(...withLifeline('SIGTERM', this.options.server, ['-c', this.configFile]), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        for (const line of text.split('\n')) if (line.trim()) this.options.log(line);
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => this.options.log(error.message));
      child.once('close', () => resolve());
    });
    void this.ended.then(async () => {
      this.child = undefined;
      if (this.stopping) return;
      await delay(RESTART_MS);
      if (!this.stopping) this.launch();
    });
  }

  async stop() {
    this.stopping = true;
    const child = this.child;
    if (child) {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await this.ended;
      clearTimeout(kill);
    }
    rmSync(this.configFile, { force: true });
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether a NATS server sends its first line there
 */
function greets(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000, noDelay: true });
    /** @param {boolean} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
