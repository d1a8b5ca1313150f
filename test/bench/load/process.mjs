import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ANSWER_MS = 30_000;

/** A process of the load; ends with this one. Every question has an answer or throws. */
export class LoadProcess {
  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    this.asked = 0;
    this.port = 0;
    /** PEM; of a service that speaks TLS. */
    this.ca = '';
    /** @type {Map<number, (answer: Record<string, unknown>) => void>} */
    this.waiting = new Map();
    child.on('message', (message) => {
      const answer = /** @type {Record<string, unknown>} */ (message);
      this.waiting.get(Number(answer.id))?.(answer);
    });
  }

  /**
   * @param {'site' | 'client'} role
   * @param {{ args?: string[], file?: string }} [options]
   */
  static async start(role, { args = [], file = join(import.meta.dirname, `${role}.mjs`) } = {}) {
    const child = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
    const load = new LoadProcess(child);
    const [{ port = 0, ca = '' }] = await once(child, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
    load.port = port;
    load.ca = ca;
    return load;
  }

  get pid() {
    return this.child.pid ?? 0;
  }

  /**
   * @param {string} command
   * @param {Record<string, unknown>} [rest]
   * @returns {Promise<Record<string, number>>}
   */
  ask(command, rest = {}) {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the load does not answer ${command}`)), ANSWER_MS);
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (typeof answer.error === 'string') reject(new Error(answer.error));
        else resolve(/** @type {Record<string, number>} */ (answer));
      });
      this.child.send({ id, command, ...rest });
    });
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
