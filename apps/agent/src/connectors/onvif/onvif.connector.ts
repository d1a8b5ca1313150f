import type { StreamUsage } from '@app/contracts';
import type {
  EntitySink,
  RecordingSource,
  SiteConnector,
  SnapshotSource,
  StreamSource,
} from '../../site/site-connector.js';
import { firstAnswer } from '../../site/first-answer.js';
import type { SiteEntity } from '../../site/entity.js';
import type { CommandOutcome, SiteCommand } from '../../site/site-command.js';
import type { EventSink } from '../../site/site-event.js';
import { areasOf } from '../areas.js';
import { listDefaults, type ListListener, ListLoop, type ListOptions, type Probed } from '../list-loop.js';
import { DeviceWatch } from './device-watch.js';
import { eventPullerDefaults, type EventPullerOptions } from './event-puller.js';
import { KnownInventories } from './known-inventories.js';
import { type SiteDevice, SiteDevices } from './site-devices.js';

export interface OnvifConnectorOptions extends ListOptions {
  /** One that refuses the account is asked this often: many lock an account that is tried too often. */
  refusedMs: number;
  inventoryMs: number;
  /** Of one probe. */
  timeoutMs: number;
  events: EventPullerOptions;
}

export const onvifConnectorDefaults: OnvifConnectorOptions = {
  ...listDefaults,
  refusedMs: 120_000,
  inventoryMs: 10 * 60_000,
  timeoutMs: 60_000,
  events: eventPullerDefaults,
};

interface Watched extends Probed {
  watch: DeviceWatch;
  /** Remote ids of what is shown of it. */
  shown: Set<string>;
}

/** ONVIF devices of a YAML list as cameras, inputs and outputs; edits count without a restart. */
export class OnvifConnector implements SiteConnector {
  readonly name = 'onvif';
  readonly #loop: ListLoop<SiteDevice, Watched>;
  readonly #known: KnownInventories;
  readonly #options: OnvifConnectorOptions;
  readonly #devices = new Map<string, Watched>();
  #areas = new Map<string, SiteEntity>();
  #sink: EntitySink | undefined;
  #events: EventSink = { event: () => undefined };

  constructor(stateDir: string, options: Partial<OnvifConnectorOptions> = {}, listener: ListListener = {}) {
    this.#known = new KnownInventories(stateDir);
    this.#options = { ...onvifConnectorDefaults, ...options };
    const ports = {
      file: new SiteDevices(stateDir),
      apply: (devices: readonly SiteDevice[]): void => this.#apply(devices),
      watched: (): Iterable<Watched> => this.#devices.values(),
      probe: (watched: Watched): Promise<void> => this.#probe(watched),
    };
    this.#loop = new ListLoop(ports, this.#options, listener);
  }

  async start(sink: EntitySink, events: EventSink): Promise<void> {
    this.#sink = sink;
    this.#events = events;
    await this.#known.load();
    await this.#loop.start();
  }

  async close(): Promise<void> {
    await this.#loop.close();
    this.#sink = undefined;
    const closing = [...this.#devices.values()].map(({ watch, stop }) => {
      stop.abort();
      return watch.close();
    });
    this.#devices.clear();
    await Promise.all(closing);
    await this.#known.close();
  }

  stream(remoteId: string, usage: StreamUsage): StreamSource | undefined {
    return this.#first((watch) => watch.stream(remoteId, usage));
  }

  recordings(remoteId: string): RecordingSource | undefined {
    return this.#first((watch) => watch.recordings(remoteId));
  }

  snapshots(remoteId: string): SnapshotSource | undefined {
    return this.#first((watch) => watch.snapshots(remoteId));
  }

  execute(remoteId: string, command: SiteCommand, signal: AbortSignal): Promise<CommandOutcome> | undefined {
    return this.#first((watch) => watch.execute(remoteId, command, signal));
  }

  holds(key: string): boolean {
    return [...this.#devices.values()].some(({ watch }) => watch.holds(key));
  }

  #first<T>(ask: (watch: DeviceWatch) => T | undefined): T | undefined {
    return firstAnswer(this.#devices.values(), ({ watch }) => ask(watch));
  }

  #apply(devices: readonly SiteDevice[]): void {
    const areas = new Map(
      areasOf(devices.flatMap(({ entry }) => entry.area ?? [])).map((area) => [area.remoteId, area]),
    );
    // An area is there before what is in it, and goes after it.
    for (const area of areas.values()) this.#sink?.upsert(area);
    const listed = new Set(devices.map(({ entry }) => entry.id));
    for (const [id, watched] of this.#devices) {
      if (listed.has(id)) continue;
      this.#end(watched);
      this.#devices.delete(id);
      for (const remoteId of watched.shown) this.#sink?.remove(remoteId);
    }
    for (const device of devices) this.#applyOne(device);
    for (const remoteId of this.#areas.keys()) if (!areas.has(remoteId)) this.#sink?.remove(remoteId);
    this.#areas = areas;
    this.#known.keep(listed);
  }

  #applyOne(site: SiteDevice): void {
    const { id } = site.entry;
    const before = this.#devices.get(id);
    if (before !== undefined && isSame(before.watch.site, site)) return;
    if (before !== undefined) this.#end(before);
    const watch: DeviceWatch = new DeviceWatch(
      site,
      this.#known.of(id, site.service),
      this.#events,
      {
        changed: () => this.#show(watched),
        read: (inventory) => this.#known.put(id, site.service, inventory),
        wake: () => (watched.dueAt = 0),
      },
      this.#options,
    );
    const shown = before?.shown ?? new Set<string>();
    const watched: Watched = { watch, dueAt: 0, stop: new AbortController(), probing: false, shown };
    this.#devices.set(id, watched);
    this.#show(watched);
  }

  #end({ watch, stop }: Watched): void {
    stop.abort();
    void watch.close();
  }

  #show(watched: Watched): void {
    if (watched.stop.signal.aborted) return;
    const entities = watched.watch.entities;
    const ids = new Set(entities.map(({ remoteId }) => remoteId));
    for (const entity of entities) this.#sink?.upsert(entity);
    for (const remoteId of watched.shown) if (!ids.has(remoteId)) this.#sink?.remove(remoteId);
    watched.shown = ids;
  }

  async #probe(watched: Watched): Promise<void> {
    const { watch, stop } = watched;
    const { probeMs, retryMs, refusedMs, timeoutMs } = this.#options;
    // What wakes it while it is being asked may be newer than the answer.
    watched.dueAt = Infinity;
    const timeout = AbortSignal.timeout(timeoutMs);
    await watch.probe(stop.signal, timeout);
    const waitMs = watch.isOnline ? probeMs : watch.isRefused ? refusedMs : retryMs;
    watched.dueAt = Math.min(watched.dueAt, performance.now() + waitMs);
  }
}

const isSame = (one: SiteDevice, other: SiteDevice): boolean =>
  one.fault?.code === other.fault?.code &&
  JSON.stringify([one.entry, one.account]) === JSON.stringify([other.entry, other.account]);
