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
import { listDefaults, type ListListener, ListLoop, type ListOptions, type Probed } from './list-loop.js';
import { probeStream, RtspCamera, type Probe } from './rtsp-camera.js';

export interface RtspConnectorOptions extends ListOptions {
  probe: Probe;
}

export const rtspConnectorDefaults: RtspConnectorOptions = { ...listDefaults, probe: probeStream };

interface Watched extends Probed {
  camera: RtspCamera;
}

/** Cameras from a YAML list of RTSP URLs; edits count without a restart. */
export class RtspConnector implements SiteConnector {
  readonly name = 'rtsp';
  readonly #loop: ListLoop<SiteCamera, Watched>;
  readonly #options: RtspConnectorOptions;
  readonly #cameras = new Map<string, Watched>();
  #areas: readonly string[] = [];
  #sink: EntitySink | undefined;
  #refusal: string | undefined;

  constructor(stateDir: string, options: Partial<RtspConnectorOptions> = {}, listener: ListListener = {}) {
    this.#options = { ...rtspConnectorDefaults, ...options };
    const ports = {
      file: new SiteCameras(stateDir),
      apply: (cameras: readonly SiteCamera[]): void => this.#apply(cameras),
      refused: (code: string, message: string): void => void (this.#refusal = `${code}: ${message}`),
      watched: (): Iterable<Watched> => this.#cameras.values(),
      probe: (watched: Watched): Promise<void> => this.#probe(watched),
    };
    this.#loop = new ListLoop(ports, this.#options, listener);
  }

  /** Why the list on the disk is not the one in use; undefined when it is. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  async start(sink: EntitySink): Promise<void> {
    this.#sink = sink;
    await this.#loop.start();
  }

  async close(): Promise<void> {
    await this.#loop.close();
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

  #apply(cameras: readonly SiteCamera[]): void {
    this.#refusal = undefined;
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
    await camera.probe(this.#options.probe, stop.signal);
    if (stop.signal.aborted) return;
    this.#sink?.upsert(camera.entity);
    const isOnline = camera.entity.state === 'online';
    watched.dueAt = performance.now() + (isOnline ? this.#options.probeMs : this.#options.retryMs);
  }
}
