import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../launcher/command.mjs';
import { imageOf, readImage, textOf } from './image.mjs';

const STOP_MS = 5_000;
const EXEC_MS = 60_000;
const EXEC_ATTEMPTS = 5;

/**
 * @typedef {object} ContainerOptions
 * @property {string} target of the Dockerfile
 * @property {Record<string, string>} [env]
 * @property {Record<string, string>} [volumes] path on the machine → path inside, with `:ro` where it is read only
 * @property {(line: string) => void} [log]
 */

/** One image run without an engine: its own root and user, the machine's network. */
export class Container {
  /**
   * @param {ContainerOptions} options
   * @param {string} name
   * @param {Awaited<ReturnType<typeof readImage>>} image
   */
  constructor(options, name, image) {
    this.options = options;
    this.name = name;
    this.image = image;
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined;
    /** @type {Promise<void>} */
    this.ended = Promise.resolve();
    this.lines = '';
  }

  /** @param {ContainerOptions} options */
  static async create(options) {
    const name = (await runCommand('buildah', ['from', '--pull-never', imageOf(options.target)])).trim();
    return new Container(options, name, await readImage(options.target));
  }

  /** @param {string[]} [command] in place of the image's own */
  start(command = this.image.command) {
    const child = spawn('buildah', this.#run([...this.image.entrypoint, ...command]), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#hear(text));
    }
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
  }

  /**
   * A command to its end, as `docker exec` would. The tool's own pipes lose ends of
   * what goes through them: status, input and output are files, and a command without a status is run again. It must bear that.
   * @param {string[]} command
   * @param {string} [input]
   * @returns {Promise<string>} what it printed
   */
  async exec(command, input = '') {
    const dir = mkdtempSync('/var/tmp/adit-exec-');
    try {
      for (let attempt = 0; attempt < EXEC_ATTEMPTS; attempt++) {
        const status = await this.#execOnce(dir, command, input);
        if (status === '0') return textOf(join(dir, 'out'));
        if (status !== '') throw new Error(`${command.slice(0, 3).join(' ')}: ${status}: ${textOf(join(dir, 'err'))}`);
      }
      throw new Error(`${command.slice(0, 3).join(' ')}: cut off ${EXEC_ATTEMPTS} times`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }

  /**
   * @param {string} dir
   * @param {string[]} command
   * @param {string} input
   * @returns {Promise<string>} the exit status; empty when it was cut off
   */
  async #execOnce(dir, command, input) {
    chmodSync(dir, 0o711);
    writeFileSync(join(dir, 'in'), input, { mode: 0o644 });
    for (const name of ['out', 'err', 'status']) {
      writeFileSync(join(dir, name), '');
      chmodSync(join(dir, name), 0o666);
    }
    const script = 'd=/run/exec; "$@" <$d/in >$d/out 2>$d/err; echo $? >$d/status';
    const run = this.#run(['sh', '-c', script, 'sh', ...command], { [dir]: '/run/exec' });
    await runCommand('buildah', run, { timeoutMs: EXEC_MS }).catch(() => undefined);
    return textOf(join(dir, 'status'));
  }

  /** The image's own command to its end. @param {string[]} [command] */
  once(command = this.image.command) {
    return this.exec([...this.image.entrypoint, ...command]);
  }

  /**
   * Resolves when the image's health check succeeds.
   * @param {number} limitMs
   */
  async healthy(limitMs) {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const isHealthy = await this.exec(this.image.health).then(
        () => true,
        () => false,
      );
      if (isHealthy) return;
      if (Date.now() > deadline) throw new Error(`${this.options.target} is not healthy:\n${this.lines}`);
      await delay(300);
    }
  }

  async stop() {
    const pid = this.child?.pid;
    if (pid !== undefined && this.child?.exitCode === null) {
      signal(pid, 'SIGTERM');
      const cut = setTimeout(() => signal(pid, 'SIGKILL'), STOP_MS);
      await this.ended;
      clearTimeout(cut);
      this.options.log?.(`ended with status ${this.child?.exitCode}`);
    }
    await runCommand('buildah', ['rm', this.name]).catch(() => undefined);
  }

  /** @param {string[]} command @param {Record<string, string>} [more] volumes */
  #run(command, more = {}) {
    const { env = {}, volumes = {} } = this.options;
    const mounts = Object.entries({ ...volumes, ...more }).flatMap(([from, to]) => ['-v', `${from}:${to}`]);
    const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    return ['run', '--isolation', 'chroot', '--network', 'host', ...mounts, ...settings, this.name, '--', ...command];
  }

  /** @param {string} text */
  #hear(text) {
    this.lines = (this.lines + text).slice(-8_000);
    for (const line of text.split('\n')) if (line.trim()) this.options.log?.(line);
  }
}

/**
 * The app itself, as an engine would signal it: the tool's own two processes above it would answer with SIGKILL.
 * @param {number} pid of the tool
 * @returns {number}
 */
function appOf(pid) {
  // Each thread lists the children that it made itself.
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children[0] === undefined ? pid : appOf(children[0]);
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(appOf(pid), name);
  } catch {
    // gone in the meantime
  }
}
