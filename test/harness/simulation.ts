import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeCloudFile } from '../../tools/demo/rest.mjs';
import type { Platform } from './platform.js';

const COMMAND = join(__dirname, '..', '..', 'tools', 'simulate.mjs');
const FULL_MS = 60_000;

/** `npm run simulate` as a process, joined to a platform of the tests. */
export class Simulation implements AsyncDisposable {
  output = '';
  readonly #ended: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    const take = (data: unknown): void => void (this.output += String(data));
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    this.#ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  }

  static start(platform: Platform, flags: readonly string[] = []): Simulation {
    writeCloudFile(platform.dataDir, {
      api: platform.api,
      firstPasswordFile: join(platform.dataDir, 'first-password'),
    });
    const env = { PATH: process.env['PATH'], ADIT_HOME: platform.dataDir };
    return new Simulation(fork(COMMAND, flags, { env, silent: true, execArgv: [] }));
  }

  /** Resolves when every role is connected. */
  async full(): Promise<void> {
    const told = once(this.child, 'message', { signal: AbortSignal.timeout(FULL_MS) });
    const over = this.#ended.then((code) => {
      throw new Error(`the simulation ended with ${code}:\n${this.output}`);
    });
    await Promise.race([told, over]);
  }

  /** Processes that it has started. */
  get children(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && parentOf(name) === this.child.pid)
      .map(Number);
  }

  /** @returns the exit status; null after a signal that it did not take */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}

const parentOf = (pid: string): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
};
