import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory, type SiteCapability } from '@app/contracts';
import { Code, ConnectError } from '@connectrpc/connect';
import { DirectoryLane, laneDefaults, type Dial, type DirectoryTarget, type LaneOptions } from './directory-lane.js';

const { Capability } = directory;

/** One of a newer site means nothing here. */
const CAPABILITIES: Partial<Record<directory.Capability, SiteCapability>> = {
  [Capability.ENTITIES]: 'entities',
  [Capability.LIVE_STREAMS]: 'live-streams',
  [Capability.EVENTS]: 'events',
  [Capability.COMMANDS]: 'commands',
  [Capability.SNAPSHOTS]: 'snapshots',
  [Capability.PLAYBACK]: 'playback',
};

export interface SiteInfo {
  siteName: string;
  version: string;
  /** Site's clock minus ours, half the round trip taken into account. */
  clockSkewMs: number;
  /** `host:port` of the site redirector on its LAN; empty when only the tunnel leads there. */
  redirectorAddress: string;
  /** What the site lets the account do. */
  capabilities: SiteCapability[];
}

export interface SessionOptions extends LaneOptions {
  callTimeoutMs: number;
  timelineMs: number;
  snapshotMs: number;
  /** A device is given up by its site before: 5 s. */
  executeMs: number;
  /** A still picture is the largest answer of a site. */
  maxBulkBytes: number;
}

export const sessionDefaults: SessionOptions = {
  ...laneDefaults,
  callTimeoutMs: 5_000,
  timelineMs: 12_000,
  snapshotMs: 12_000,
  executeMs: 7_000,
  maxBulkBytes: 9 << 20,
};

/** An open, accepted contact with a site's directory: a lane for commands, one for what it tells by itself, one for bulk. */
export class DirectorySession {
  private clockSkewMs: number;

  private constructor(
    private readonly control: DirectoryLane,
    private readonly events: DirectoryLane,
    private readonly bulk: DirectoryLane,
    /** Of the key that the site has presented. */
    readonly pin: string,
    /** As the site said when the session was opened. */
    readonly info: SiteInfo,
    private readonly options: SessionOptions,
  ) {
    this.clockSkewMs = info.clockSkewMs;
  }

  /** Dials, checks pin and account. Throws what the dialer, TLS or the call throws; nothing stays open then. */
  static async open(
    target: DirectoryTarget,
    dial: Dial,
    signal: AbortSignal,
    options: Partial<SessionOptions> = {},
  ): Promise<DirectorySession> {
    const all = { ...sessionDefaults, ...options };
    const lanes: DirectoryLane[] = [];
    const open = async (
      lane: 'control' | 'events' | 'bulk',
      laneOptions: LaneOptions = all,
    ): Promise<DirectoryLane> => {
      const opened = await DirectoryLane.open(target, lane, dial, laneOptions, signal);
      lanes.push(opened);
      return opened;
    };
    try {
      const control = await open('control');
      const info = await getInfo(control, all.callTimeoutMs, signal);
      const events = await open('events');
      const bulk = await open('bulk', { ...all, maxMessageBytes: all.maxBulkBytes });
      return new DirectorySession(control, events, bulk, target.pin, info, all);
    } catch (error) {
      for (const lane of lanes) lane.close();
      throw error;
    }
  }

  /** Resolves when one of the lanes has ended. */
  get ended(): Promise<void> {
    return Promise.race([this.control.ended, this.events.ended, this.bulk.ended]);
  }

  async check(signal: AbortSignal): Promise<SiteInfo> {
    const info = await getInfo(this.control, this.options.callTimeoutMs, signal);
    this.clockSkewMs = info.clockSkewMs;
    return info;
  }

  /** @param request.kinds empty means all */
  watch(
    request: { sinceRevision: bigint; kinds: directory.EntityKind[] },
    signal: AbortSignal,
  ): AsyncIterable<directory.WatchEntitiesResponse> {
    return this.events.client.watchEntities(request, { signal });
  }

  watchEvents(sinceSequence: bigint, signal: AbortSignal): AsyncIterable<directory.WatchEventsResponse> {
    return this.events.client.watchEvents({ sinceSequence }, { signal });
  }

  async openStream(
    cameraId: string,
    usage: directory.StreamUsage,
    user: string,
  ): Promise<directory.OpenStreamResponse> {
    if (!this.control.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    return this.control.client.openStream({ cameraId, usage, user }, { timeoutMs: this.options.callTimeoutMs });
  }

  /** A stream of recordings, from its first moment to its last: the viewer asks for the range it wants. */
  async openPlayback(cameraId: string, user: string): Promise<directory.OpenStreamResponse> {
    if (!this.control.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    const request = { cameraId, usage: directory.StreamUsage.RECORDING, playback: {}, user };
    return this.control.client.openStream(request, { timeoutMs: this.options.callTimeoutMs });
  }

  /** The site asks a device, which may take its time. */
  async timeline(cameraId: string, from: Date, to: Date): Promise<directory.TimelineSpan[]> {
    if (!this.bulk.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    const range = { start: timestampFromDate(from), end: timestampFromDate(to) };
    const { spans } = await this.bulk.client.getTimeline({ cameraId, range }, { timeoutMs: this.options.timelineMs });
    return spans;
  }

  /** The site asks the camera. */
  async snapshot(cameraId: string): Promise<directory.GetSnapshotResponse> {
    if (!this.bulk.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    return this.bulk.client.getSnapshot({ cameraId }, { timeoutMs: this.options.snapshotMs });
  }

  /**
   * On the lane for commands, which no picture holds up. The site drops what arrives after its time: the deadline of the
   * call alone would begin anew behind a line that was cut for a while.
   */
  async execute(request: CommandCall, expiresAtMs = Number.POSITIVE_INFINITY): Promise<directory.ExecuteResponse> {
    if (!this.control.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    const timeoutMs = Math.min(expiresAtMs - Date.now(), this.options.executeMs);
    const expiresAt = timestampFromMs(Date.now() + this.clockSkewMs + timeoutMs);
    return this.control.client.execute({ ...request, expiresAt }, { timeoutMs });
  }

  /** Presets of a camera, and who steers it. */
  async ptz(cameraId: string): Promise<directory.GetPtzResponse> {
    if (!this.control.isOpen) throw new ConnectError('the contact has ended', Code.Unavailable);
    return this.control.client.getPtz({ cameraId }, { timeoutMs: this.options.callTimeoutMs });
  }

  close(): void {
    this.control.close();
    this.events.close();
    this.bulk.close();
  }
}

/** What others see of a session. */
export type Contact = Pick<
  DirectorySession,
  | 'pin'
  | 'info'
  | 'ended'
  | 'check'
  | 'watch'
  | 'watchEvents'
  | 'openStream'
  | 'openPlayback'
  | 'timeline'
  | 'snapshot'
  | 'execute'
  | 'ptz'
  | 'close'
>;

export type CommandCall = Pick<
  MessageInitShape<typeof directory.ExecuteRequestSchema>,
  'entityId' | 'user' | 'userLevel' | 'command'
>;

const getInfo = async (lane: DirectoryLane, timeoutMs: number, signal: AbortSignal): Promise<SiteInfo> => {
  const sentAt = Date.now();
  const info = await lane.client.getInfo({}, { timeoutMs, signal });
  const middle = (sentAt + Date.now()) / 2;
  return {
    siteName: info.siteName,
    version: info.version,
    clockSkewMs: info.time === undefined ? 0 : timestampDate(info.time).getTime() - middle,
    redirectorAddress: info.redirectorAddress,
    capabilities: info.capabilities.flatMap((capability) => CAPABILITIES[capability] ?? []),
  };
};
