import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { directory } from '@app/contracts';
import { connectPinnedTls } from '@app/pki';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

export type WatchedEvent = directory.WatchEventsResponse;

export interface SiteStatus {
  count: number;
  waiting: number;
  discarded: number;
  unstored: number;
  fault: string | null;
}

type Line = { port?: number; pin?: string; did?: string; status?: SiteStatus; told?: string };

const ENTRY = join(__dirname, 'event-site.mjs');
const MOUNTED = 'mount -t tmpfs -o size="$0",mode=700 tmpfs "$1" && shift && exec "$@"';

/** Whether this machine lets a process have a small disk of its own. */
export const canHaveSmallDisk = (): boolean =>
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' }).status === 0;

/** Number that the test gave the event; undefined for the site's own. */
export const numberOf = ({ type, details }: WatchedEvent): number | undefined =>
  type === 'test.event' ? (details?.['n'] as number) : undefined;

/** Says whether it has enough. */
type TakeEvent = (event: WatchedEvent) => boolean | Promise<boolean>;

interface WatchOptions {
  since?: bigint;
  types?: string[];
}
type Watching = WatchOptions & { account?: string };

/** Hands on each event of the directory at a port of this machine, until `take` has enough, or the site is gone. */
export const watchEvents = async (
  { port, pin, account, password }: { port: number; pin: string; account: string; password: string },
  take: TakeEvent,
  { since = 0n, types = [] }: WatchOptions = {},
): Promise<void> => {
  const abort = new AbortController();
  const socket = await connectPinnedTls({ host: '127.0.0.1', port, pin, alpn: ['h2'], timeoutMs: 5_000 });
  try {
    const transport = createGrpcTransport({ baseUrl: 'https://site', nodeOptions: { createConnection: () => socket } });
    const headers = { authorization: `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}` };
    const client = createClient(directory.DirectoryService, transport);
    const watch = client.watchEvents({ sinceSequence: since, types }, { headers, signal: abort.signal });
    for await (const event of watch) if (await take(event)) return;
  } finally {
    abort.abort();
    socket.destroy();
  }
};

/** The process of `event-site.mjs`, and hosts that watch it. */
export class EventSite {
  /** What it said of itself. */
  readonly told: string[] = [];
  #port = 0;
  #pin = '';
  readonly #answers: ((status: SiteStatus) => void)[] = [];

  private constructor(private readonly child: ChildProcess) {}

  /** @param size of a disk that the state directory has for itself, such as `2m` */
  static async start(stateDir: string, limits: object = {}, size?: string): Promise<EventSite> {
    const command = [process.execPath, ENTRY, stateDir, JSON.stringify(limits)];
    const mounted = size === undefined ? command : ['unshare', '-rm', 'sh', '-c', MOUNTED, size, stateDir, ...command];
    const [file = '', ...args] = mounted;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const site = new EventSite(child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the site ended with ${code}`)));
      if (child.stdout === null) throw new Error('no output');
      createInterface({ input: child.stdout }).on('line', (text) => site.#take(JSON.parse(text) as Line, resolve));
    });
    return site;
  }

  do(command: string): Promise<SiteStatus> {
    const answered = new Promise<SiteStatus>((resolve) => this.#answers.push(resolve));
    this.child.stdin?.write(`${command}\n`);
    return answered;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  watch(take: TakeEvent, { account = 'host', ...options }: Watching = {}): Promise<void> {
    const at = { port: this.#port, pin: this.#pin, account, password: 'right' };
    return watchEvents(at, take, options);
  }

  /** The first `count` events that the test made. */
  async take(count: number, options: Watching = {}): Promise<WatchedEvent[]> {
    const events: WatchedEvent[] = [];
    await this.watch((event) => {
      if (numberOf(event) !== undefined) events.push(event);
      return events.length >= count;
    }, options);
    return events;
  }

  #take(line: Line, ready: () => void): void {
    if (line.told !== undefined) this.told.push(line.told);
    if (line.status !== undefined) this.#answers.shift()?.(line.status);
    if (line.port === undefined) return;
    this.#port = line.port;
    this.#pin = line.pin ?? '';
    ready();
  }
}
