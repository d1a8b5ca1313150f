import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { chmodSync, chownSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../tools/launcher/port.mjs';

const ROOT = join(__dirname, '..', '..');

export interface LauncherHome {
  readonly dir: string;
  readonly ports: Record<'http' | 'play' | 'rtsp' | 'tunnel' | 'ingress', number>;
  /** Flags that name the ports. */
  readonly flags: string[];
  remove: () => void;
}

/** A data folder and free ports of its own. `owner` is the user that will start the launcher. */
export const createLauncherHome = async (owner?: number): Promise<LauncherHome> => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-home-'));
  chmodSync(dir, 0o711);
  if (owner !== undefined) chownSync(dir, owner, owner);
  const [http = 0, play = 0, rtsp = 0, tunnel = 0, ingress = 0] = await freePorts(5);
  const ports = { http, play, rtsp, tunnel, ingress };
  const flags = Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, String(port)]);
  const remove = (): void => {
    const location = join(dir, 'postgres', 'location');
    if (existsSync(location)) rmSync(readFileSync(location, 'utf8').trim(), { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, ports, flags, remove };
};

export interface LaunchOptions {
  readonly flags?: readonly string[];
  /** Through `npm start`, as a person does it. */
  readonly npm?: boolean;
  /** Another user's id, when root runs the tests. */
  readonly user?: number;
}

/** The launcher as a process, with what it printed. */
export class Launcher {
  output = '';
  readonly child: ChildProcess;
  readonly #ended: Promise<number>;

  constructor(home: LauncherHome, { flags = [], npm = false, user }: LaunchOptions = {}) {
    const command = npm ? ['npm', 'start', '--'] : [process.execPath, join(ROOT, 'tools', 'start.mjs')];
    const [program = '', ...args] = [...command, ...home.flags, ...flags];
    this.child = spawn(program, args, {
      cwd: ROOT,
      // npm's own settings are below HOME.
      env: { PATH: process.env['PATH'], HOME: npm ? process.env['HOME'] : home.dir, ADIT_HOME: home.dir },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    const take = (data: unknown): void => void (this.output += String(data));
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
    this.#ended = once(this.child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
  }

  /** Resolves when the last block is there. @returns the block */
  async ready(limitMs = 90_000): Promise<string> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const [, block] = /^(Adit is ready\n[\s\S]*same data\.)$/m.exec(this.output) ?? [];
      if (block) return block;
      if (this.child.exitCode !== null)
        throw new Error(`the launcher ended with ${this.child.exitCode}:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`not ready after ${limitMs} ms:\n${this.output.slice(-8_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @returns exit code */
  end(): Promise<number> {
    return this.#ended;
  }

  /** Sends the signal and waits. @returns milliseconds until the launcher was gone */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number> {
    const startedAt = performance.now();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const cut = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(cut);
    return performance.now() - startedAt;
  }
}

/** Every process that was started for this data folder: their settings name it, or their command line does. */
export const processesOf = (home: LauncherHome): string[] => {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const words = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('\0');
      if (words.includes(home.dir)) found.push(`${pid} ${words.slice(0, 200).replaceAll('\0', ' ')}`);
    } catch {
      // It ended between the two looks.
    }
  }
  return found;
};

/** Player URLs of the last block, in its order. */
export const playerUrls = (block: string): string[] =>
  [...block.matchAll(/ffplay -rtsp_transport tcp '([^']+)'/g)].map(([, url]) => url ?? '');
