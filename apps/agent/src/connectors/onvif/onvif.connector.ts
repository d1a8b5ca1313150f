import type { StreamUsage } from '@app/contracts';
import type {
  EntitySink,
  RecordingSource,
  SiteConnector,
  SnapshotSource,
  StreamSource,
} from '../../site/site-connector.js';
import type { SiteEntity } from '../../site/entity.js';
import type { CommandOutcome, SiteCommand } from '../../site/site-command.js';
import type { EventSink } from '../../site/site-event.js';
import { areaEntities } from './device-entities.js';
import { DeviceWatch } from './device-watch.js';
import { eventPullerDefaults, type EventPullerOptions } from './event-puller.js';
import { KnownInventories } from './known-inventories.js';
import { type SiteDevice, SiteDevices } from './site-devices.js';

export interface OnvifConnectorOptions {
  /** How often the list is looked at. */
  watchMs: number;
  /** How often each device is asked whether it is there. */
  probeMs: number;
  /** An offline device is asked this often. */
  retryMs: number;
  /** One that refuses the account is asked this often: many lock an account that is tried too often. */
  refusedMs: number;
  inventoryMs: number;
  /** Of one probe. */
  timeoutMs: number;
  maxParallelProbes: number;
  events: EventPullerOptions;
}

export const onvifConnectorDefaults: OnvifConnectorOptions = {
  watchMs: 1_000,
  probeMs: 60_000,
  retryMs: 10_000,
  refusedMs: 120_000,
  inventoryMs: 10 * 60_000,
  timeoutMs: 60_000,
  maxParallelProbes: 8,
  events: eventPullerDefaults,
};

/** Told about the list, for the log. Messages show no credential. */
export interface OnvifConnectorListener {
  listRead?(devices: number): void;
  /** The devices of the last good list stay. */
  listRefused?(code: string, message: string): void;
  /** These devices have a password in the list, where it is not encrypted. */
  accountsInList?(devices: readonly string[]): void;
  /** A device's stored account cannot be used: it is offline with this code. */
  accountRefused?(device: string, code: string, message: string): void;
}

interface Watched {
  watch: DeviceWatch;
  dueAt: number;
  stop: AbortController;
  probing: boolean;
  /** Remote ids of what is shown of it. */
  shown: Set<string>;
}

/** ONVIF devices of a YAML list as cameras, inputs and outputs; edits count without a restart. */
export class OnvifConnector implements SiteConnector {
  readonly name = 'onvif';
  readonly #file: SiteDevices;
  readonly #known: KnownInventories;
  readonly #options: OnvifConnectorOptions;
  readonly #devices = new Map<string, Watched>();
  #areas = new Map<string, SiteEntity>();
  #sink: EntitySink | undefined;
  #events: EventSink = { event: () => undefined };
  #version: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;

  constructor(
    stateDir: string,
    options: Partial<OnvifConnectorOptions> = {},
    private readonly listener: OnvifConnectorListener = {},
  ) {
    this.#file = new SiteDevices(stateDir);
    this.#known = new KnownInventories(stateDir);
    this.#options = { ...onvifConnectorDefaults, ...options };
  }

  async start(sink: EntitySink, events: EventSink): Promise<void> {
    this.#sink = sink;
    this.#events = events;
    await this.#known.load();
    await this.#tick();
    this.#timer = setInterval(() => {
      this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    }, this.#options.watchMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
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
    for (const { watch } of this.#devices.values()) {
      const answer = ask(watch);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #tick(): Promise<void> {
    await this.#readList();
    const now = performance.now();
    let free = this.#options.maxParallelProbes - [...this.#devices.values()].filter(({ probing }) => probing).length;
    for (const watched of this.#devices.values()) {
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
      const devices = await this.#file.read();
      this.listener.listRead?.(devices.length);
      this.#apply(devices);
      const inList = devices.filter(({ isInList }) => isInList).map(({ entry }) => entry.id);
      if (inList.length > 0) this.listener.accountsInList?.(inList);
    } catch (error) {
      const { code = 'camera-list-unreadable', message } = error as { code?: string; message: string };
      this.listener.listRefused?.(code, message);
    }
  }

  #apply(devices: readonly SiteDevice[]): void {
    const areas = new Map(devices.flatMap(({ entry }) => areaEntities(entry)).map((area) => [area.remoteId, area]));
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
    if (site.fault !== undefined) this.listener.accountRefused?.(id, site.fault.code, site.fault.message);
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
    watched.probing = true;
    // What wakes it while it is being asked may be newer than the answer.
    watched.dueAt = Infinity;
    const timeout = AbortSignal.timeout(timeoutMs);
    await watch.probe(stop.signal, timeout);
    watched.probing = false;
    const waitMs = watch.isOnline ? probeMs : watch.isRefused ? refusedMs : retryMs;
    watched.dueAt = Math.min(watched.dueAt, performance.now() + waitMs);
  }
}

const isSame = (one: SiteDevice, other: SiteDevice): boolean =>
  one.fault?.code === other.fault?.code &&
  JSON.stringify([one.entry, one.account]) === JSON.stringify([other.entry, other.account]);
