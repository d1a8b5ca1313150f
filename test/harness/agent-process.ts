import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readCertificates, serialOf } from '@app/pki';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { runCommand } from '../../tools/launcher/command.mjs';

interface Options {
  /** Made when it is not there. */
  stateDir: string;
  keyfile: string;
  /** Service `echo`, class bulk, at this local port. */
  echoPort?: number;
}

/** A real agent with a state directory that a test may look into. */
export class AgentProcess {
  readonly lines: string[] = [];
  readonly stateDir: string;
  private readonly app: AppProcess;

  constructor({ stateDir, keyfile, echoPort }: Options) {
    this.stateDir = stateDir;
    mkdirSync(stateDir, { mode: 0o700, recursive: true });
    const service = `services:\n  echo: { address: 127.0.0.1:${echoPort}, classes: [bulk] }\n`;
    if (echoPort !== undefined) writeFileSync(join(stateDir, 'agent.yaml'), service, { mode: 0o600 });
    const file = `${stateDir}.keyfile`;
    writeFileSync(file, keyfile, { mode: 0o600 });
    this.app = new AppProcess({
      name: 'agent',
      entry: entryOf('agent'),
      args: ['run', '--keyfile', file],
      env: { ADIT_STATE_DIR: stateDir, ADIT_CONTAINER: 'false' },
      readyType: 'up',
      log: (_name, text) => this.lines.push(text),
    });
  }

  get pid(): number {
    const { pid } = this.app;
    if (pid === undefined) throw new Error('the agent does not run');
    return pid;
  }

  /** Resolves when its tunnel is up. */
  start(): Promise<void> {
    return this.app.start(30_000);
  }

  /** Does not wait for the tunnel. */
  begin(): void {
    void this.app.start(120_000).catch(() => undefined);
  }

  stop(): Promise<void> {
    return this.app.stop();
  }

  /** SIGKILL. @returns what resolves when the next process has its tunnel up */
  kill(): { back: Promise<void> } {
    const back = this.app.nextReady(30_000);
    process.kill(this.pid, 'SIGKILL');
    return { back };
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, name);
  }

  /** One command of `adit-agent` to its end. @returns what it printed */
  command(...args: string[]): Promise<string> {
    return runCommand(process.execPath, [entryOf('agent'), ...args], {
      env: { PATH: process.env['PATH'], ADIT_STATE_DIR: this.stateDir, ADIT_CONTAINER: 'false' },
    });
  }

  /** As `adit-agent renew` does it, without waiting. */
  askToRenew(): void {
    writeFileSync(join(this.stateDir, 'renewal-request.json'), JSON.stringify({ v: 1, id: randomUUID() }));
  }

  /** A file of the state, or undefined. */
  state<T>(name: string): T | undefined {
    const path = join(this.stateDir, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
  }

  has(name: RegExp): boolean {
    return readdirSync(this.stateDir).some((file) => name.test(file));
  }

  /** Of the certificate in its identity; empty before the enrolment. */
  get serial(): string {
    const chain = this.state<{ certificateChain: string }>('identity.json')?.certificateChain;
    const [leaf] = chain === undefined ? [] : readCertificates(chain);
    return leaf === undefined ? '' : serialOf(leaf);
  }
}
