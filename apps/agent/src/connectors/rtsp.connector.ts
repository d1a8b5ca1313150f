import type { StreamUsage } from '@app/contracts';
import type {
  EntitySink,
  RecordingSource,
  SiteConnector,
  SnapshotSource,
  StreamSource,
} from '../site/site-connector.js';
import type { SiteCamera } from './accounts/camera-account.js';
import { SiteCameras } from './accounts/site-cameras.js';
import { areasOf } from './areas.js';
import { probeStream, RtspCamera, type Probe } from './rtsp-camera.js';

export interface RtspConnectorOptions {
  /** How often the list is looked at. */
  watchMs: number;
  /** How often each camera is asked whether it is there. */
  probeMs: number;
  /** An offline camera is asked this often. */
  retryMs: number;
  maxParallelProbes: number;
  probe: Probe;
}

export const rtspConnectorDefaults: RtspConnectorOptions = {
  watchMs: 1_000,
  probeMs: 60_000,
  retryMs: 10_000,
  maxParallelProbes: 8,
  probe: probeStream,
};

/** Told about the list, for the log. Messages show no credential. */
export interface RtspConnectorListener {
  listRead?(cameras: number): void;
  /** The cameras of the last good list stay. */
  listRefused?(code: string, message: string): void;
  /** These cameras have a password in the list, where it is not encrypted. */
  accountsInList?(cameras: readonly string[]): void;
  /** A camera's stored account cannot be used: it is offline with this code. */
  accountRefused?(camera: string, code: string, message: string): void;
}

interface Watched {
  camera: RtspCamera;
  dueAt: number;
  stop: AbortController;
  probing: boolean;
}

/** Cameras from a YAML list of RTSP URLs; edits count without a restart. */
export class RtspConnector implements SiteConnector {
  readonly name = 'rtsp';
  readonly #file: SiteCameras;
  readonly #options: RtspConnectorOptions;
  readonly #cameras = new Map<string, Watched>();
  #areas: readonly string[] = [];
  #sink: EntitySink | undefined;
  #version: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #refusal: string | undefined;
  #inList = '';
  #faults: ReadonlyMap<string, string | undefined> = new Map();

  constructor(
    stateDir: string,
    options: Partial<RtspConnectorOptions> = {},
    private readonly listener: RtspConnectorListener = {},
  ) {
    this.#file = new SiteCameras(stateDir);
    this.#options = { ...rtspConnectorDefaults, ...options };
  }

  /** Why the list on the disk is not the one in use; undefined when it is. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  async start(sink: EntitySink): Promise<void> {
    this.#sink = sink;
    await this.#tick();
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    }, this.#options.watchMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
    this.#sink = undefined;
    for (const { stop } of this.#cameras.values()) stop.abort();
    this.#cameras.clear();
  }

  stream(remoteId: string, usage: StreamUsage): StreamSource | undefined {
    return this.#cameras.get(remoteId)?.camera.stream(usage);
  }

  recordings(remoteId: string): RecordingSource | undefined {
    return this.#cameras.get(remoteId)?.camera.recordings;
  }

  snapshots(remoteId: string): SnapshotSource | undefined {
    return this.#cameras.get(remoteId)?.camera.snapshots;
  }

  holds(key: string): boolean {
    return [...this.#cameras.values()].some(
      ({ camera }) => camera.keys.includes(key) || camera.recordings?.key === key,
    );
  }

  async #tick(): Promise<void> {
    await this.#readList();
    const now = performance.now();
    let free = this.#options.maxParallelProbes - [...this.#cameras.values()].filter(({ probing }) => probing).length;
    for (const watched of this.#cameras.values()) {
      if (watched.probing || watched.dueAt > now || free < 1) continue;
      free--;
      void this.#probe(watched);
    }
  }

  async #readList(): Promise<void> {
    const version = await this.#file.version();
    if (version === this.#version) return;
    this.#version = version;
    try {
      const cameras = await this.#file.read();
      this.#refusal = undefined;
      this.#apply(cameras);
      this.#tell(cameras);
    } catch (error) {
      const { code = 'camera-list-unreadable', message } = error as { code?: string; message: string };
      this.#refusal = `${code}: ${message}`;
      this.listener.listRefused?.(code, message);
    }
  }

  /** What is wrong is said when it comes up, not with every change of something else. */
  #tell(cameras: readonly SiteCamera[]): void {
    this.listener.listRead?.(cameras.length);
    const inList = cameras.filter(({ isInList }) => isInList).map(({ entry }) => entry.id);
    if (inList.length > 0 && inList.join() !== this.#inList) this.listener.accountsInList?.(inList);
    this.#inList = inList.join();
    for (const { entry, fault } of cameras) {
      if (fault && this.#faults.get(entry.id) !== fault.code) {
        this.listener.accountRefused?.(entry.id, fault.code, fault.message);
      }
    }
    this.#faults = new Map(cameras.map(({ entry, fault }) => [entry.id, fault?.code]));
  }

  #apply(cameras: readonly SiteCamera[]): void {
    const listed = new Set(cameras.map(({ entry }) => entry.id));
    for (const [id, watched] of this.#cameras) {
      if (listed.has(id)) continue;
      watched.stop.abort();
      this.#cameras.delete(id);
      this.#sink?.remove(id);
    }
    const areas = areasOf(cameras.flatMap(({ entry }) => entry.area ?? []));
    for (const area of areas) this.#sink?.upsert(area);
    for (const camera of cameras) this.#applyOne(camera);
    const wanted = new Set(areas.map(({ remoteId }) => remoteId));
    for (const area of this.#areas) if (!wanted.has(area)) this.#sink?.remove(area);
    this.#areas = [...wanted];
  }

  #applyOne({ entry, fault }: SiteCamera): void {
    const known = this.#cameras.get(entry.id)?.camera;
    if (known?.fault === fault?.code && JSON.stringify(known?.entry) === JSON.stringify(entry)) return;
    this.#cameras.get(entry.id)?.stop.abort();
    const camera = new RtspCamera(entry, fault?.code);
    this.#cameras.set(entry.id, { camera, dueAt: 0, stop: new AbortController(), probing: false });
    this.#sink?.upsert(camera.entity);
  }

  async #probe(watched: Watched): Promise<void> {
    const { camera, stop } = watched;
    watched.probing = true;
    await camera.probe(this.#options.probe, stop.signal);
    watched.probing = false;
    if (stop.signal.aborted) return;
    this.#sink?.upsert(camera.entity);
    const isOnline = camera.entity.state === 'online';
    watched.dueAt = performance.now() + (isOnline ? this.#options.probeMs : this.#options.retryMs);
  }
}
