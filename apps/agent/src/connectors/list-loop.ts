/** Told about a list of cameras or devices, for the log. Messages show no credential. */
export interface ListListener {
  listRead?(count: number): void;
  /** What stood in the last good list stays. */
  listRefused?(code: string, message: string): void;
  /** These have a password in the list, where it is not encrypted. */
  accountsInList?(ids: readonly string[]): void;
  /** The stored account of one cannot be used: it is offline with this code. */
  accountRefused?(id: string, code: string, message: string): void;
}

export interface ListOptions {
  /** How often the list is looked at. */
  watchMs: number;
  /** How often each is asked whether it is there. */
  probeMs: number;
  /** One that is offline is asked this often. */
  retryMs: number;
  maxParallelProbes: number;
}

export const listDefaults: ListOptions = { watchMs: 1_000, probeMs: 60_000, retryMs: 10_000, maxParallelProbes: 8 };

/** What stands in a list, with what is wrong with its account. */
export interface Listed {
  entry: { id: string };
  isInList: boolean;
  fault?: { code: string; message: string } | undefined;
}

/** One of the list between its probes. */
export interface Probed {
  /** By `performance.now`. */
  dueAt: number;
  stop: AbortController;
  probing: boolean;
}

export interface ListPorts<One extends Listed, Watched extends Probed> {
  /** `version` changes when there is something to read. */
  file: { version(): Promise<string | undefined>; read(): Promise<One[]> };
  apply(list: readonly One[]): void;
  refused?(code: string, message: string): void;
  watched(): Iterable<Watched>;
  /** Never rejects; says by `dueAt` when it is to be asked again. */
  probe(watched: Watched): Promise<void>;
}

/** Reads a list whenever it has changed, says what is wrong with it, and probes what is due, a few at a time. */
export class ListLoop<One extends Listed, Watched extends Probed> {
  #version: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #inList = '';
  #faults: ReadonlyMap<string, string | undefined> = new Map();

  constructor(
    private readonly ports: ListPorts<One, Watched>,
    private readonly options: Pick<ListOptions, 'watchMs' | 'maxParallelProbes'>,
    private readonly listener: ListListener,
  ) {}

  /** Resolves when the list was read for the first time. */
  async start(): Promise<void> {
    await this.#tick();
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    }, this.options.watchMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    await this.#read();
    const now = performance.now();
    const all = [...this.ports.watched()];
    let free = this.options.maxParallelProbes - all.filter(({ probing }) => probing).length;
    for (const watched of all) {
      if (watched.probing || watched.dueAt > now || free < 1) continue;
      free--;
      void this.#probe(watched);
    }
  }

  async #read(): Promise<void> {
    const { file } = this.ports;
    const version = await file.version();
    if (version === this.#version) return;
    this.#version = version;
    try {
      const list = await file.read();
      this.ports.apply(list);
      this.#tell(list);
    } catch (error) {
      const { code = 'camera-list-unreadable', message } = error as { code?: string; message: string };
      this.ports.refused?.(code, message);
      this.listener.listRefused?.(code, message);
    }
  }

  /** What is wrong is said when it comes up, not with every change of something else. */
  #tell(list: readonly One[]): void {
    this.listener.listRead?.(list.length);
    const inList = list.filter(({ isInList }) => isInList).map(({ entry }) => entry.id);
    if (inList.length > 0 && inList.join() !== this.#inList) this.listener.accountsInList?.(inList);
    this.#inList = inList.join();
    for (const { entry, fault } of list) {
      if (fault && this.#faults.get(entry.id) !== fault.code) {
        this.listener.accountRefused?.(entry.id, fault.code, fault.message);
      }
    }
    this.#faults = new Map(list.map(({ entry, fault }) => [entry.id, fault?.code]));
  }

  async #probe(watched: Watched): Promise<void> {
    watched.probing = true;
    await this.ports.probe(watched);
    watched.probing = false;
  }
}
