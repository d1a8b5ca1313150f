import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** `whep-viewer.mjs` as a viewer: the NAL units of every picture that it gets. */
export class WhepReceiver implements AsyncDisposable {
  readonly units: Buffer[] = [];
  /** Of the RTP payloads. */
  largestBytes = 0;
  readonly #child: ChildProcess;
  #pending = Buffer.alloc(0);

  constructor(playUrl: string) {
    const args = [join(__dirname, 'whep-viewer.mjs'), playUrl];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 8) {
      const end = 8 + this.#pending.readUInt32BE(4);
      if (this.#pending.length < end) return;
      this.largestBytes = this.#pending.readUInt32BE(0);
      this.units.push(Buffer.from(this.#pending.subarray(8, end)));
      this.#pending = this.#pending.subarray(end);
    }
  }
}
