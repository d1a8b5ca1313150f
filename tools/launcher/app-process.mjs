import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LauncherError } from './errors.mjs';
import { readable } from './log-lines.mjs';

/** A process holds keys and passwords: a crash writes no copy of its memory to a disk. `exec` keeps the pid. */
const WITHOUT_CORE = ['/bin/sh', '-c', 'ulimit -c 0; exec "$@"', 'sh'];

/** MiB. Node's 16 would cost every process up to 24 MiB more after a busy time, and what is young here dies young. */
const YOUNG_GENERATION = '--max-semi-space-size=8';
const PRELOAD = join(import.meta.dirname, 'preload.mjs');
const RESTART_MS = [200, 500, 1_000, 2_000, 4_000];
/** A process that lived this long failed for a new reason. */
const STABLE_MS = 10_000;
const STOP_MS = 2_700;
/** A process lets go of its channel when it ends; one that is still there after this hangs in its own end. */
const LETTING_GO_MS = 2_000;
/** An app that never came up is not tried for ever. */
const FIRST_ATTEMPTS = 3;
/** Exit statuses that another start cannot cure: configuration, port in use. */
const HOPELESS = new Map([
  [78, 'config-invalid'],
  [75, 'port-in-use'],
]);

/**
 * @typedef {object} AppOptions
 * @property {string} name prefix of its lines
 * @property {string} entry file that Node runs
 * @property {string[]} [args]
 * @property {Record<string, string>} env complete; nothing of the launcher's own environment is added but what `inherited` names
 * @property {(name: string, line: string) => void} log
 * @property {string[]} [through] program and arguments before Node, for example `ip netns exec NAME`
 * @property {string} [readyType] of the IPC message that tells readiness; default `ready`
 * @property {(message: Record<string, unknown>) => void} [onMessage] every IPC message of the app
 */

/** One app as its own process, started again with back-off when it ends unasked. */
export class AppProcess {
  /** @param {AppOptions} options */
  constructor(options) {
    this.options = options;
    this.stopping = false;
    this.failures = 0;
    this.starts = 0;
    this.wasReady = false;
    /** @type {Record<string, number>} ports that the app told with its readiness */
    this.ports = {};
    /** @type {string[]} */
    this.lastLines = [];
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
    /** @type {Promise<void>} */
    this.ended = Promise.resolve();
    /** @type {{ resolve: () => void, reject: (error: Error) => void }[]} */
    this.waiting = [];
  }

  get pid() {
    return this.child?.pid;
  }

  /**
   * Starts the process and resolves with its readiness.
   * @param {number} timeoutMs
   * @throws {LauncherError} with the app's last lines
   */
  async start(timeoutMs) {
    const ready = this.nextReady(timeoutMs);
    this.launch();
    await ready;
  }

  /**
   * Resolves when the app tells that it is ready, from now on.
   * @param {number} timeoutMs
   * @returns {Promise<void>}
   */
  nextReady(timeoutMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(this.failure('app-failed', `is not ready after ${Math.round(timeoutMs / 1000)} s`));
      }, timeoutMs);
      this.waiting.push({
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  launch() {
    const { entry, args = [], env, through = [] } = this.options;
    const startedAt = Date.now();
    this.starts++;
    const [program, ...rest] = [
      ...through,
      ...WITHOUT_CORE,
      process.execPath,
      '--enable-source-maps',
      YOUNG_GENERATION,
      '--import',
      PRELOAD,
      entry,
      ...args,
    ];
    const child = spawn(program, rest, {
      env: { ...inherited(), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    if (child.stdout) eachLine(child.stdout, (line) => this.report(line));
    if (child.stderr) eachLine(child.stderr, (line) => this.report(line));
    child.on('message', (message) => this.hear(/** @type {Record<string, unknown>} */ (message)));
    child.once('disconnect', () => {
      const cut = setTimeout(() => child.kill('SIGKILL'), LETTING_GO_MS);
      child.once('exit', () => clearTimeout(cut));
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => this.report(error.message));
      child.once('close', (status, signal) => {
        resolve();
        void this.startAgain(startedAt, status, signal);
      });
    });
  }

  /** @param {Record<string, unknown>} message */
  hear(message) {
    this.options.onMessage?.(message);
    if (message.type !== (this.options.readyType ?? 'ready')) return;
    this.wasReady = true;
    this.ports = /** @type {Record<string, number>} */ (message.ports ?? {});
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  /** @param {string} line */
  report(line) {
    this.lastLines = [...this.lastLines.slice(-9), line];
    this.options.log(this.options.name, line);
  }

  /**
   * @param {number} startedAt
   * @param {number | null} status
   * @param {NodeJS.Signals | null} signal
   */
  async startAgain(startedAt, status, signal) {
    this.child = undefined;
    if (this.stopping) return;
    const hopeless = HOPELESS.get(status ?? 0);
    this.failures = Date.now() - startedAt > STABLE_MS ? 0 : this.failures + 1;
    if (!this.wasReady && (hopeless || this.failures > FIRST_ATTEMPTS)) {
      const code = /** @type {import('./errors.mjs').LauncherCode} */ (hopeless ?? 'app-failed');
      const error = this.failure(code, `ended with ${signal ?? `status ${status}`}`);
      for (const { reject } of this.waiting.splice(0)) reject(error);
      return;
    }
    const pauseMs = RESTART_MS[Math.min(this.failures, RESTART_MS.length - 1)];
    this.options.log(
      this.options.name,
      `ended with ${signal ?? `status ${status}`}; starting it again in ${pauseMs} ms`,
    );
    await delay(pauseMs);
    if (!this.stopping) this.launch();
  }

  /**
   * @param {import('./errors.mjs').LauncherCode} code
   * @param {string} what
   */
  failure(code, what) {
    const lines = this.lastLines.map((line) => `\n  ${readable(line)}`).join('');
    return new LauncherError(code, `${this.options.name} ${what}${lines}`);
  }

  /**
   * Orderly stop, then a hard one.
   * @param {number} [limitMs] when the hard one comes
   */
  async stop(limitMs = STOP_MS) {
    this.stopping = true;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure('app-failed', 'was stopped'));
    const child = this.child;
    if (!child) return;
    child.kill('SIGTERM');
    const cut = setTimeout(() => child.kill('SIGKILL'), limitMs);
    await this.ended;
    clearTimeout(cut);
  }
}

/** What a process needs of its surroundings; settings of the platform reach an app only where the launcher names them. */
function inherited() {
  /** @type {Record<string, string>} */
  const environment = {};
  for (const name of ['PATH', 'HOME', 'TZ', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

const LINE_LIMIT = 16 * 1024;

/**
 * @param {import('node:stream').Readable} stream
 * @param {(line: string) => void} take
 */
function eachLine(stream, take) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, LINE_LIMIT);
    for (const line of lines) if (line.trim()) take(line.slice(0, LINE_LIMIT));
  });
  stream.on('end', () => {
    if (rest.trim()) take(rest);
  });
}
