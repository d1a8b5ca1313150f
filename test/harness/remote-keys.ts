import { type ChildProcess, spawn } from 'node:child_process';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KeyStore, Signer } from '@app/pki';

interface Answer {
  publicKey?: string;
  signature?: string;
  error?: string;
}

const TIMEOUT_MS = 2_000;

/** The CA keys in another process, which may be slow, hang or be away: what a KMS is to the issuer. */
export class RemoteKeys implements KeyStore {
  private child: ChildProcess | undefined;

  constructor(private readonly directory: string) {}

  /** Resolves when it serves. */
  async start(delayMs = 0): Promise<void> {
    const script = join(__dirname, 'signing-process.mjs');
    const child = spawn(process.execPath, [script, this.socketPath, join(this.directory, 'hsm'), String(delayMs)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    await once(child.stdout, 'data');
  }

  /** SIGKILL by default. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** It is there, and does not answer. */
  hang(): void {
    this.child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.child?.kill('SIGCONT');
  }

  async find(name: string): Promise<Signer | undefined> {
    const { publicKey } = await this.ask('find', name);
    return publicKey === undefined ? undefined : this.signer(name, publicKey);
  }

  async create(name: string): Promise<Signer> {
    const { publicKey = '' } = await this.ask('create', name);
    return this.signer(name, publicKey);
  }

  async remove(name: string): Promise<void> {
    await this.ask('remove', name);
  }

  private signer(name: string, publicKey: string): Signer {
    const key: KeyObject = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    const sign = async (tbs: Uint8Array): Promise<Buffer> => {
      const { signature = '' } = await this.ask('sign', name, Buffer.from(tbs).toString('base64'));
      return Buffer.from(signature, 'base64');
    };
    return { publicKey: key, sign };
  }

  private async ask(action: string, name: string, tbs?: string): Promise<Answer> {
    const socket = connect(this.socketPath);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      await once(socket, 'connect', { signal });
      socket.write(`${JSON.stringify({ id: 1, do: action, name, tbs })}\n`);
      const [line] = (await once(createInterface({ input: socket }), 'line', { signal })) as [string];
      const answer = JSON.parse(line) as Answer;
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    } finally {
      socket.on('error', () => undefined);
      socket.destroy();
    }
  }

  private get socketPath(): string {
    return join(this.directory, 'hsm.sock');
  }
}
