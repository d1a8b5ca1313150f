import type { AccessUnit } from '../access-unit.js';
import type { Delivery } from '../delivery/delivery.js';
import { MediaError } from '../errors.js';
import type { Hub, JoinMode, Outlet, Subscription } from '../hub/hub.js';
import { soundPatience } from '../link/ack-window.js';
import { ntpOfTimestamp } from '../hub/timeline.js';
import { writeBye, writeSenderReport, type ReceiverReport } from '../rtp/control-packet.js';
import { rtpHeaderBytes } from '../rtp/packet.js';
import type { Track } from '../stream-description.js';
import { LagMeter } from './lag-meter.js';

export interface ViewerOptions {
  /** How a viewer begins: at once with what is cached since the last keyframe, or with the next keyframe. */
  join: JoinMode;
  /** Age of the oldest unwritten data at which a viewer is cut to the next keyframe. */
  maxBacklogMs: number;
  /** Unwritten bytes at which a viewer is cut, besides what it was given at its beginning. */
  maxBacklogBytes: number;
  /** Lag by the viewer's own receiver reports at which it is cut. */
  maxLagMs: number;
  /** A viewer that takes nothing for this long is thrown out. */
  stalledMs: number;
  senderReportMs: number;
}

export interface ViewerStats {
  /** Milliseconds since 1970. */
  startedAt: number;
  bytes: number;
  units: number;
  droppedUnits: number;
  dropEpisodes: number;
  /** Milliseconds from PLAY to the end of the first keyframe; undefined before. */
  firstKeyMs: number | undefined;
  backlogBytes: number;
  /** From the last receiver report; undefined before one came. */
  lagMs: number | undefined;
  /** Packets the network lost between the last two receiver reports, 0 … 1; undefined before one came. */
  lossFraction: number | undefined;
}

/** What a session plays. */
export interface Playing {
  readonly stats: ViewerStats;
  start(): void;
  stop(): void;
  /** Takes a receiver report of a track. */
  reported(track: number, report: ReceiverReport): void;
  /** Called now and then: throws out a viewer that takes nothing. */
  sweep(now: number): void;
  /** Tells the player that nothing more comes, and why. */
  bye(reason: string): void;
}

export const newStats = (): ViewerStats => ({
  startedAt: Date.now(),
  bytes: 0,
  units: 0,
  droppedUnits: 0,
  dropEpisodes: 0,
  firstKeyMs: undefined,
  backlogBytes: 0,
  lagMs: undefined,
  lossFraction: undefined,
});

interface TrackState {
  track: Track;
  /** Packets left out so far: later sequence numbers are lowered by it. */
  missing: number;
  packets: number;
  octets: number;
  lastReportAt: number;
  lag: LagMeter;
  /** Of the last unit; undefined before one was sent. */
  ssrc: number | undefined;
}

/** One RTSP viewer. A slow one is cut to the next keyframe and never holds more than its cap. */
export class Viewer implements Outlet, Playing {
  readonly #tracks = new Map<number, TrackState>();
  readonly #hasVideo: boolean;
  #startedAt = performance.now();
  #joining = false;
  /** Of what the viewer was given at its beginning: still on its way. */
  #burstBytes = 0;
  #dropping = false;
  #resumeAt = 0;
  #subscription: Subscription | undefined;
  readonly stats = newStats();

  constructor(
    readonly delivery: Delivery,
    readonly hub: Hub,
    tracks: readonly Track[],
    readonly options: ViewerOptions,
    readonly onEnd: (error: MediaError) => void,
  ) {
    for (const track of tracks) {
      const counters = { missing: 0, packets: 0, octets: 0, lastReportAt: -Infinity };
      this.#tracks.set(track.index, { track, ...counters, lag: new LagMeter(), ssrc: undefined });
    }
    this.#hasVideo = tracks.some((track) => track.kind === 'video');
  }

  get isPlaying(): boolean {
    return this.#subscription !== undefined;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#joining = true;
    this.#subscription = this.hub.subscribe(this, this.options.join);
    this.#joining = false;
    this.#burstBytes = this.delivery.backlog(performance.now()).bytes;
  }

  stop(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  unit(unit: AccessUnit): void {
    const state = this.#tracks.get(unit.track);
    if (!state || this.delivery.isClosed) return;
    const now = performance.now();
    if (!this.#admit(unit, state, now)) {
      state.missing += unit.packets.length;
      this.stats.droppedUnits++;
      return;
    }
    this.#report(unit, state, now);
    this.stats.bytes += this.delivery.unit(unit, state.missing, now);
    state.ssrc = unit.packets[0].readUInt32BE(8);
    state.packets += unit.packets.length;
    state.octets += unit.bytes - unit.packets.length * rtpHeaderBytes;
    state.lag.sent((unit.packets[unit.packets.length - 1].readUInt16BE(2) - state.missing) & 0xffff, now);
    this.stats.units++;
    this.stats.backlogBytes = this.delivery.backlog(now).bytes;
    if (unit.key && state.track.kind === 'video') this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  end(error: MediaError): void {
    this.#subscription = undefined;
    this.onEnd(error);
  }

  /**
   * A viewer over TCP that is too far behind gets nothing for as long as it is behind, in which it plays what the
   * kernel still holds, and then a keyframe. Datagrams do not queue: there a report is measured only.
   */
  reported(track: number, report: ReceiverReport): void {
    const now = performance.now();
    this.stats.lossFraction = report.lossFraction;
    const lagMs = this.#tracks.get(track)?.lag.lagMs(report.highestSequence, now);
    if (lagMs === undefined) return;
    this.stats.lagMs = lagMs;
    if (this.delivery.transport !== 'tcp' || lagMs < this.options.maxLagMs || this.#dropping) return;
    this.#dropping = true;
    this.#resumeAt = now + lagMs;
    this.stats.dropEpisodes++;
  }

  sweep(now: number): void {
    const { bytes, stalledMs } = this.delivery.backlog(now);
    this.stats.backlogBytes = bytes;
    if (stalledMs > this.options.stalledMs) {
      this.onEnd(new MediaError('viewer-stalled', `Took nothing for ${this.options.stalledMs} ms`));
    }
  }

  bye(reason: string): void {
    const now = performance.now();
    for (const [track, { ssrc }] of this.#tracks) {
      if (ssrc !== undefined) this.delivery.control(track, writeBye(ssrc, reason), now);
    }
  }

  /** Sends the reports anew with the next units, for a receiver that has come to a group. */
  renewReports(): void {
    for (const state of this.#tracks.values()) state.lastReportAt = -Infinity;
  }

  #admit(unit: AccessUnit, state: TrackState, now: number): boolean {
    if (this.#joining) return true;
    const { maxBacklogMs, maxBacklogBytes } = this.options;
    const { bytes, ageMs } = this.delivery.backlog(now);
    this.#burstBytes = Math.min(this.#burstBytes, bytes);
    if (!this.#dropping && (ageMs > maxBacklogMs || bytes - this.#burstBytes > maxBacklogBytes)) {
      this.#dropping = true;
      this.stats.dropEpisodes++;
    } else if (
      this.#dropping &&
      now >= this.#resumeAt &&
      ageMs < maxBacklogMs / 2 &&
      bytes - this.#burstBytes < maxBacklogBytes / 2
    ) {
      this.#dropping = this.#hasVideo && !(unit.key && state.track.kind === 'video');
    }
    if (!this.#dropping || !this.#hasVideo || state.track.kind !== 'audio') return !this.#dropping;
    return ageMs < maxBacklogMs * soundPatience && bytes - this.#burstBytes < maxBacklogBytes * soundPatience;
  }

  /** A sender report goes before the first packet of a track, and then every few seconds. */
  #report(unit: AccessUnit, state: TrackState, now: number): void {
    if (now - state.lastReportAt < this.options.senderReportMs) return;
    const reference = this.hub.reference(unit.track);
    if (!reference) return;
    state.lastReportAt = now;
    const report = writeSenderReport({
      ssrc: unit.packets[0].readUInt32BE(8),
      ntp: ntpOfTimestamp(reference, unit.timestamp, state.track.clockRate),
      timestamp: unit.timestamp,
      packets: state.packets,
      octets: state.octets,
    });
    this.stats.bytes += this.delivery.control(unit.track, report, now);
  }
}
