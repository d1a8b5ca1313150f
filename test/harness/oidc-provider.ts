import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../tools/launcher/port.mjs';
import { waitUntil } from './condition.js';

/** A real provider as a process of its own. */
export class OidcProvider implements AsyncDisposable {
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly issuer: string;
  output = '';
  #child: ChildProcess | undefined;

  private constructor(readonly port: number) {
    this.issuer = `http://127.0.0.1:${port}`;
  }

  /** Not started yet: its clients have to know the port before. */
  static async create(): Promise<OidcProvider> {
    return new OidcProvider(await freePort());
  }

  async start(callback: string): Promise<void> {
    const program = join(__dirname, 'oidc-provider.mjs');
    const args = [program, String(this.port), callback, this.clientSecret];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (this.output += String(data)));
    await waitUntil('the provider serves', () => {
      if (child.exitCode !== null) throw new Error(`the provider ended:\n${this.output}`);
      return this.output.includes('ready\n');
    });
    this.output = '';
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'close');
    child.stdin?.end();
    const cut = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(cut);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
