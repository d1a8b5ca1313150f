import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { waitUntil } from './condition.js';

export interface Ending {
  exitCode: number;
  out: string;
  err: string;
}

export interface CallOptions {
  input?: string;
  env?: Record<string, string>;
  /** Kills the command; ms. */
  limitMs?: number;
}

const LIMIT_MS = 30_000;
const ENTRY = entryOf('cli');

/** `adit` as real processes of one operator with a home folder of his own, which is also the working directory. */
export class OperatorCli {
  readonly #children = new Set<ChildProcess>();
  readonly home = mkdtempSync(join(tmpdir(), 'adit-operator-'));

  file(name: string): string {
    return join(this.home, name);
  }

  environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.home, ...env };
  }

  /** One command to its end, with nobody at the terminal. */
  async run(args: readonly string[], { input = '', env, limitMs = LIMIT_MS }: CallOptions = {}): Promise<Ending> {
    const running = this.start([process.execPath, ENTRY, ...args], env);
    running.child.stdin?.end(input);
    const timer = setTimeout(() => running.child.kill('SIGKILL'), limitMs);
    const exitCode = await running.ended;
    clearTimeout(timer);
    return { exitCode, out: running.out, err: running.err };
  }

  /** What it printed. @throws when the command does not end with 0 */
  async ok(...args: string[]): Promise<string> {
    const { exitCode, out, err } = await this.run(args);
    if (exitCode !== 0) throw new Error(`adit ${args.join(' ')} ended with ${exitCode}: ${err}`);
    return out;
  }

  /** The JSON values that it printed. */
  async json<T>(...args: string[]): Promise<T[]> {
    const lines = (await this.ok(...args, '--json')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as T);
  }

  /** A command that goes on. */
  watch(...args: string[]): Running {
    return this.start([process.execPath, ENTRY, ...args]);
  }

  /** At a terminal of its own, 100 cells wide. */
  atTerminal(...args: string[]): Running {
    const command = ['stty cols 100;', `'${process.execPath}'`, `'${ENTRY}'`, ...args.map((arg) => `'${arg}'`)].join(
      ' ',
    );
    return this.start(['script', '-qec', command, '/dev/null'], { TERM: 'xterm-256color', SHELL: '/bin/sh' });
  }

  start([program = '', ...args]: readonly string[], env?: Record<string, string>): Running {
    const child = spawn(program, args, { cwd: this.home, env: this.environment(env), stdio: 'pipe' });
    this.#children.add(child.once('close', () => this.#children.delete(child)));
    return new Running(child);
  }

  /** Ends what still runs, and removes the folder. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  }
}

export class Running {
  out = '';
  err = '';
  /** Exit code; -1 after a signal. */
  readonly ended: Promise<number>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    child.stdin?.on('error', () => undefined);
    this.ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  untilSays(text: string | RegExp): Promise<void> {
    const says = (): boolean => (typeof text === 'string' ? this.all.includes(text) : text.test(this.all));
    return waitUntil(`it says ${String(text)}, beside ${this.all}`, says);
  }

  get all(): string {
    return this.out + this.err;
  }
}
