import { createHash } from 'node:crypto';
import type { JsonObject } from '@bufbuild/protobuf';
import type { StreamUsage } from '@app/contracts';
import { asMediaError, RtspSource, Turns } from '@app/media';
import { mediaProfiles } from '../../onvif/media-profiles.js';
import { OnvifDevice } from '../../onvif/onvif-device.js';
import type { Notification } from '../../onvif/pull-point.js';
import type { SiteEntity } from '../../site/entity.js';
import type { CommandOutcome, SiteCommand } from '../../site/site-command.js';
import type { RecordingSource, SnapshotSource, StreamSource } from '../../site/site-connector.js';
import type { EventSink } from '../../site/site-event.js';
import { chooseStream } from '../../site/stream-choice.js';
import { OnvifRecordings } from '../onvif-recordings.js';
import { deviceSnapshots } from '../snapshots.js';
import { CameraRecording } from './camera-recording.js';
import { switchOutput, turnCamera, unsupportedByInput } from './device-commands.js';
import { cameraId, deviceEntities, inputId, outputId, subjectOf, type DeviceCondition } from './device-entities.js';
import { EventPuller, type EventPullerOptions } from './event-puller.js';
import { readInventory, type Inventory, type InventorySource } from './inventory.js';
import { PropertyStates } from './property-states.js';
import type { SiteDevice } from './site-devices.js';
import { describeNotification } from './topics.js';

export interface DeviceWatchOptions {
  /** All of a device is read again after this long, and when its profiles changed. */
  inventoryMs: number;
  events: EventPullerOptions;
}

export interface DeviceWatchListener {
  /** An entity changed, or was there for the first time. */
  changed(): void;
  /** The device was read, and has other things than before. */
  read(inventory: Inventory): void;
  /** The device should be asked soon: its events stopped, or began again. */
  wake(): void;
}

/** A clock that is further off than this is reported; timestamps of events are corrected in any case. */
const MAX_SKEW_MS = 5_000;
/** What is reported of it is not changed for less: a skew that is read over the network is never twice the same. */
const SKEW_STEP_MS = 5_000;
const MAX_EVENT_AGE_MS = 5 * 60_000;
/** Forty cameras a second begin when all of them are wanted at once. */
const turns = new Turns(25);

/** One device of the list: what it has, how it is, and its events. */
export class DeviceWatch {
  readonly #device: OnvifDevice;
  readonly #recording: CameraRecording;
  readonly #io = new Map<string, boolean>();
  /** Sources that were handed out. */
  readonly #made = new Map<string, unknown>();
  readonly #properties = new PropertyStates();
  #condition: DeviceCondition = { state: 'unknown', reason: 'not-probed', clockSkewSeconds: undefined };
  #skewMs = 0;
  #inventory: Inventory | undefined;
  #profiles = '';
  #readAt = -Infinity;
  #puller: EventPuller | undefined;
  #isClosed = false;

  /** @param known what the device had when it was last read */
  constructor(
    readonly site: SiteDevice,
    known: Inventory | undefined,
    private readonly events: EventSink,
    private readonly listener: DeviceWatchListener,
    private readonly options: DeviceWatchOptions,
  ) {
    this.#device = new OnvifDevice(site.service, site.account);
    this.#recording = new CameraRecording(this.#device);
    this.#inventory = known;
    if (site.fault !== undefined) {
      this.#condition = { state: 'offline', reason: site.fault.code, clockSkewSeconds: undefined };
    }
  }

  get entities(): SiteEntity[] {
    const isRecording = (source: string): boolean | undefined => this.#recording.isRecording(source);
    return deviceEntities(this.site.entry, this.#inventory, this.#condition, { io: this.#io, isRecording });
  }

  get isOnline(): boolean {
    return this.#condition.state === 'online';
  }

  /** An account that is refused again and again may be locked by the device. */
  get isRefused(): boolean {
    return this.#condition.reason === 'camera-unauthorized';
  }

  /** Asks the device whether it is there and what it has. Never rejects: its faults, and no answer in time, are its state. */
  async probe(signal: AbortSignal, timeout: AbortSignal): Promise<void> {
    if (this.site.fault !== undefined) return;
    try {
      const either = AbortSignal.any([signal, timeout]);
      await this.#read(either);
      await this.#recording.read(this.#inventory?.sources ?? [], either);
      if (signal.aborted) return;
      this.#setOnline();
    } catch (error) {
      if (signal.aborted) return;
      this.#condition = {
        state: 'offline',
        reason: asMediaError(error, 'camera-refused').code,
        clockSkewSeconds: this.#condition.clockSkewSeconds,
      };
      this.#readAt = -Infinity;
    }
    this.listener.changed();
    this.#followEvents();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#puller?.close();
  }

  stream(remoteId: string, usage: StreamUsage): StreamSource | undefined {
    const source = this.#source(remoteId);
    const choice =
      source &&
      chooseStream(
        source.profiles.map((profile) => ({ ...profile, usages: [] })),
        usage,
      );
    const profile = choice && source?.profiles[choice.index];
    if (choice === undefined || profile === undefined) return undefined;
    const { account } = this.site;
    const options = { ...(account === undefined ? {} : { credentials: account }), transport: 'tcp' as const, turns };
    return {
      key: this.#keyOf(profile.url),
      usage: choice.usage,
      open: () => new RtspSource(profile.url, options),
    };
  }

  snapshots(remoteId: string): SnapshotSource | undefined {
    const profile = this.#source(remoteId)?.profiles[0];
    return (
      profile &&
      this.#once(`snapshot ${profile.token}`, () => deviceSnapshots(this.#device, profile, this.site.account))
    );
  }

  recordings(remoteId: string): RecordingSource | undefined {
    const source = this.#source(remoteId);
    if (source === undefined || this.#inventory?.hasRecordings !== true) return undefined;
    const { service, account: credentials } = this.site;
    // A device with one camera records that one, however it names it.
    const isOnly = this.#inventory.sources.length === 1;
    const sources = isOnly ? {} : { sources: [source.token, ...source.profiles.map(({ token }) => token)] };
    const key = this.#keyOf(`recordings ${JSON.stringify(sources)}`);
    return this.#once(key, () => new OnvifRecordings(key, { service, recording: undefined, credentials, ...sources }));
  }

  /** Undefined for an entity that the device does not have. Rejects with a MediaError when the device fails. */
  execute(remoteId: string, command: SiteCommand, signal: AbortSignal): Promise<CommandOutcome> | undefined {
    const { id } = this.site.entry;
    const source = this.#source(remoteId);
    if (source !== undefined) {
      if (command.kind === 'set-recording') return this.#setRecording(source, command.recording, signal);
      return turnCamera(this.#device, source, command, signal);
    }
    const output = this.#inventory?.outputs.find(({ token }) => outputId(id, token) === remoteId);
    if (output !== undefined) {
      return switchOutput(this.#device, output.token, command, signal).then((outcome) => {
        // Many devices tell of their relays by no event; a monostable one goes back without telling.
        if (outcome.outcome === 'done' && command.kind === 'set-output' && output.isBistable) {
          this.#setIo(remoteId, command.active);
        }
        return outcome;
      });
    }
    const input = this.#inventory?.inputs.some((token) => inputId(id, token) === remoteId);
    return input === true ? Promise.resolve(unsupportedByInput()) : undefined;
  }

  async #setRecording(source: InventorySource, isWanted: boolean, signal: AbortSignal): Promise<CommandOutcome> {
    try {
      return await this.#recording.set(source, this.#inventory?.sources ?? [], isWanted, signal);
    } finally {
      this.listener.changed();
    }
  }

  holds(key: string): boolean {
    const sources = this.#inventory?.sources ?? [];
    const isStream = sources.some(({ profiles }) => profiles.some(({ url }) => this.#keyOf(url) === key));
    return isStream || sources.some((source, index) => this.recordings(this.#idOf(source, index))?.key === key);
  }

  /** The same one for everybody, so that what is shared in it is shared. */
  #once<T>(key: string, make: () => T): T {
    const made = (this.#made.get(key) as T | undefined) ?? make();
    this.#made.set(key, made);
    return made;
  }

  #idOf({ token }: InventorySource, index: number): string {
    return cameraId(this.site.entry.id, index, token);
  }

  #source(remoteId: string): InventorySource | undefined {
    return this.#inventory?.sources.find((source, index) => this.#idOf(source, index) === remoteId);
  }

  /** Made of all that is configured: another account or address is another source. */
  #keyOf(what: string): string {
    const { entry, service, account } = this.site;
    return createHash('sha256')
      .update(JSON.stringify([entry.id, service, account, what]))
      .digest('base64url');
  }

  async #read(signal: AbortSignal): Promise<void> {
    await this.#device.look(signal);
    const found = await mediaProfiles(this.#device, signal);
    const profiles = JSON.stringify(found);
    const isFresh = performance.now() - this.#readAt < this.options.inventoryMs;
    if (isFresh && profiles === this.#profiles) return;
    const inventory = await readInventory(this.#device, found, signal);
    if (signal.aborted) return;
    [this.#profiles, this.#readAt] = [profiles, performance.now()];
    if (JSON.stringify(inventory) === JSON.stringify(this.#inventory)) return;
    this.#inventory = inventory;
    this.#made.clear();
    this.listener.read(inventory);
  }

  #setOnline(): void {
    const { skewMs } = this.#device;
    if (Math.abs(skewMs - this.#skewMs) > SKEW_STEP_MS) this.#skewMs = skewMs;
    const isSkewed = Math.abs(this.#skewMs) > MAX_SKEW_MS;
    this.#condition = {
      state: 'online',
      reason: isSkewed ? 'camera-clock-skewed' : '',
      clockSkewSeconds: isSkewed ? Math.round(this.#skewMs / 1000) : undefined,
    };
  }

  /** Asked for as long as the device is there; a device that is away is found by the probe. */
  #followEvents(): void {
    const isWanted = this.site.entry.events !== false && this.#inventory?.hasEvents === true && this.isOnline;
    if (this.#isClosed || !isWanted || this.#puller !== undefined) return;
    this.#puller = new EventPuller(
      this.#device,
      {
        notified: (notification) => this.#notified(notification),
        lost: () => this.listener.wake(),
        subscribed: () => !this.isOnline && this.listener.wake(),
      },
      this.options.events,
    );
  }

  #notified(notification: Notification): void {
    const { topic, source, data, atMs } = notification;
    const inventory = this.#inventory;
    if (inventory === undefined || this.#isClosed) return;
    const described = describeNotification(notification);
    const recorded = this.#recordedBy(notification);
    const sourceId = recorded ?? subjectOf(this.site.entry, inventory, described);
    const { subject, isActive } = described;
    if (recorded !== undefined) this.listener.changed();
    if ((subject === 'input' || subject === 'output') && isActive !== undefined) this.#setIo(sourceId, isActive);
    if (!this.#properties.isNews(notification)) return;
    const { at, deviceTime } = this.#timeOf(atMs);
    const details: JsonObject = { topic, source, data };
    if (isActive !== undefined) details['active'] = isActive;
    if (deviceTime !== undefined) details['deviceTime'] = deviceTime;
    this.events.event({ type: described.type, sourceId, at, details });
  }

  /** The camera whose recording job an event is about. */
  #recordedBy(notification: Notification): string | undefined {
    const token = this.#recording.notified(notification);
    const sources = this.#inventory?.sources ?? [];
    const index = sources.findIndex((source) => source.token === token);
    return token === undefined || index < 0 ? undefined : cameraId(this.site.entry.id, index, token);
  }

  /** Corrected by what its clock is off; a time that is then still far away is of a device that does not know its time zone. */
  #timeOf(atMs: number | undefined): { at: Date; deviceTime?: string } {
    const now = Date.now();
    if (atMs === undefined) return { at: new Date(now) };
    const correctedMs = atMs - this.#device.skewMs;
    if (Math.abs(correctedMs - now) < MAX_EVENT_AGE_MS) return { at: new Date(correctedMs) };
    return { at: new Date(now), deviceTime: new Date(atMs).toISOString() };
  }

  #setIo(remoteId: string, isActive: boolean): void {
    this.#io.set(remoteId, isActive);
    this.listener.changed();
  }
}
