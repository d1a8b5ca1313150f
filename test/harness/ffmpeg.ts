import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** One frame as ffmpeg saw it. */
export interface Frame {
  /** In units of the stream's time base. */
  readonly pts: number;
  readonly bytes: number;
  /** Of the picture when it was decoded, of the access unit when it was copied. */
  readonly md5: string;
  /** Milliseconds since the player was started. */
  readonly atMs: number;
}

export interface PlayOptions {
  /** How long it plays, in seconds of video; without it until `stop`. */
  readonly seconds?: number;
  /** Compare the access units themselves and decode nothing. */
  readonly copy?: boolean;
  /** Of RTP; interleaved TCP unless told otherwise. `any` leaves it to ffmpeg, which tries UDP first. */
  readonly transport?: 'tcp' | 'udp' | 'udp_multicast' | 'any';
  /** Where it begins, in seconds of a recording. */
  readonly seek?: number;
  /** Program and arguments before ffmpeg, for example `ip netns exec NAME`. */
  readonly through?: readonly string[];
}

/** ffmpeg as an RTSP viewer, reporting every frame it gets. */
export class Player implements AsyncDisposable {
  readonly frames: Frame[] = [];
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, { seconds, copy = false, transport = 'tcp', through = [], seek }: PlayOptions = {}) {
    const startedAt = performance.now();
    const asked = transport === 'any' ? [] : ['-rtsp_transport', transport];
    const from = seek === undefined ? [] : ['-ss', String(seek)];
    const input = ['-nostdin', '-hide_banner', '-loglevel', 'error', ...asked, ...from, '-i', url];
    const limit = seconds === undefined ? [] : ['-t', String(seconds)];
    const output = [
      '-map',
      '0:v:0',
      ...(copy ? ['-c', 'copy'] : []),
      ...limit,
      '-flush_packets',
      '1',
      '-f',
      'framemd5',
      'pipe:1',
    ];
    const [program = 'ffmpeg', ...args] = [...through, 'ffmpeg', ...input, ...output];
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (data) => (this.stderr = (this.stderr + String(data)).slice(-8_000)));
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) =>
        this.#see(line, performance.now() - startedAt),
      );
    }
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#wake();
      return typeof code === 'number' ? code : -1;
    });
  }

  get isPlaying(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when that many frames have come in all; rejects when the player ends or the time is over. */
  async untilFrames(count: number, limitMs = 20_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (this.frames.length < count) {
      if (!this.isPlaying) throw new Error(`the player ended after ${this.frames.length} frames: ${this.stderr}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`${this.frames.length} of ${count} frames after ${limitMs} ms: ${this.stderr}`);
      await this.#next(leftMs);
    }
  }

  /** Waits for the end. @returns the exit code */
  async end(limitMs = 60_000): Promise<number> {
    const cut = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    const code = await this.#ended;
    clearTimeout(cut);
    return code;
  }

  async stop(): Promise<void> {
    if (this.isPlaying) this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** `0, dts, pts, duration, size, md5` (the framemd5 format of ffmpeg). */
  #see(line: string, atMs: number): void {
    if (line.startsWith('#')) return;
    const [, , pts = '', , bytes = '', md5 = ''] = line.split(',').map((field) => field.trim());
    this.frames.push({ pts: Number(pts), bytes: Number(bytes), md5, atMs });
    this.#wake();
  }

  #next(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** Plays to the end of the time asked for. @throws when ffmpeg fails, with its own words */
export const play = async (url: string, options: PlayOptions & { seconds: number }): Promise<Frame[]> => {
  await using player = new Player(url, options);
  const code = await player.end(options.seconds * 1_000 + 30_000);
  if (code !== 0) throw new Error(`ffmpeg ended with ${code} after ${player.frames.length} frames: ${player.stderr}`);
  return player.frames;
};
