import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { splitAnnexB } from '@app/media';
import { slicesOf } from './slices.js';

/** ffmpeg that stores a camera's pictures for as long as a spec takes. */
export class SliceRecorder {
  readonly #chunks: Buffer[] = [];
  readonly #child: ChildProcess;

  constructor(url: string) {
    const input = ['-nostdin', '-v', 'fatal', '-rtsp_transport', 'tcp', '-i', url];
    const output = ['-map', '0:v:0', '-c', 'copy', '-flush_packets', '1', '-f', 'h264', 'pipe:1'];
    this.#child = spawn('ffmpeg', [...input, ...output], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => void this.#chunks.push(chunk));
  }

  get slices(): string[] {
    return slicesOf(splitAnnexB(Buffer.concat(this.#chunks)));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
