import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const START_MS = 30_000;
const END_MS = 3_000;

/** @typedef {{ name: string, lanPort: number, tlsPin: string }} AddedSite */

/** A process of simulated sites, seen from the one that started it. */
export class SitesHost {
  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    this.asked = 0;
    /** @type {Map<number, (answer: Record<string, any>) => void>} */
    this.waiting = new Map();
    child.on('message', (message) => {
      const answer = /** @type {Record<string, any>} */ (message);
      this.waiting.get(Number(answer.id))?.(answer);
    });
    child.on('exit', () => this.fail('the process of the sites has ended'));
  }

  static async start() {
    const child = fork(join(import.meta.dirname, 'sites-process.mjs'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    const host = new SitesHost(child);
    await once(child, 'message', { signal: AbortSignal.timeout(START_MS) });
    return host;
  }

  get pid() {
    return this.child.pid ?? 0;
  }

  /**
   * @param {import('./simulated-site.mjs').SiteOrder[]} sites
   * @param {number} [timeoutMs]
   * @returns {Promise<AddedSite[]>} in their order
   */
  async add(sites, timeoutMs = 120_000) {
    return (await this.ask('add', { sites }, timeoutMs)).added;
  }

  /**
   * @param {string} command
   * @param {Record<string, unknown>} [rest]
   * @param {number} [timeoutMs]
   * @returns {Promise<Record<string, any>>}
   * @throws when the process has ended, does not answer in time or says that it failed
   */
  ask(command, rest = {}, timeoutMs = START_MS) {
    if (!this.child.connected) return Promise.reject(new Error('the process of the sites has ended'));
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      const settle = (/** @type {Record<string, any>} */ answer) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (typeof answer.error === 'string') reject(new Error(answer.error));
        else resolve(answer);
      };
      const timer = setTimeout(() => settle({ error: `the sites do not answer ${command}` }), timeoutMs);
      this.waiting.set(id, settle);
      this.child.send({ id, command, ...rest });
    });
  }

  /** In order, and by force when that takes too long. Harmless when repeated. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    await this.ask('close', {}, END_MS).catch(() => undefined);
    this.child.kill('SIGKILL');
    await ended;
  }

  /** @param {string} error */
  fail(error) {
    for (const settle of [...this.waiting.values()]) settle({ error });
  }
}
