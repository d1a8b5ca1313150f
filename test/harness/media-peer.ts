import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

export interface GstCamera {
  port: number;
  url(path: string): string;
  /** Kills the process and waits for its end. */
  stop(): Promise<void>;
}

export interface GstCameraOptions {
  port?: number;
  user?: string;
  password?: string;
  /** Frames between keyframes. */
  gap?: number;
  /** A pattern of videotestsrc: cameras with different pictures are told apart by their frames. */
  pattern?: string;
  /** Listening address; loopback unless told otherwise. */
  address?: string;
  /** Transports that it gives; both unless told otherwise. */
  protocols?: 'udp' | 'tcp' | 'udp+tcp';
  /** Program and arguments before python3, for example a network's `through`. */
  through?: readonly string[];
}

/** Starts the gst-rtsp-server camera of this folder; needs Debian's python3 with its GStreamer bindings. */
export async function startGstCamera(options: GstCameraOptions = {}): Promise<GstCamera> {
  const script = join(__dirname, 'gst-camera.py');
  const args = [
    script,
    String(options.port ?? 0),
    options.user ?? '',
    options.password ?? '',
    String(options.gap ?? 25),
    options.pattern ?? 'ball',
    options.address ?? '127.0.0.1',
    options.protocols ?? '',
  ];
  const [program, ...before] = [...(options.through ?? []), '/usr/bin/python3'];
  const child = spawn(program ?? '', [...before, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = Number((await firstLine(child)).split(' ')[1]);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { port, url: (path) => `rtsp://${options.address ?? '127.0.0.1'}:${port}${path}`, stop };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const failed = once(child, 'exit').then(() =>
    Promise.reject(new Error('The camera process ended before it was ready')),
  );
  const [line] = (await Promise.race([once(lines, 'line'), failed])) as [string];
  failed.catch(() => undefined);
  return line;
}

export interface Finished {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs a program to its end, for at most 20 seconds. */
export function runPeer(command: string, args: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { encoding: 'buffer' as const, timeout: 20_000, maxBuffer: 64 << 20 };
    const child = execFile(command, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr: stderr.toString() });
    });
  });
}
