import type { Duplex } from 'node:stream';
import type { AccessUnit } from '../access-unit.js';
import { MediaError } from '../errors.js';
import type { Hub, Outlet, Subscription } from '../hub/hub.js';
import { ntpOfTimestamp } from '../hub/timeline.js';
import { writeSenderReport } from '../rtp/control-packet.js';
import { rtpHeaderBytes } from '../rtp/packet.js';
import type { Track } from '../stream-description.js';
import { LagMeter } from './lag-meter.js';
import { encodeInterleaved } from './message.js';
import { interleave, renumber } from './interleaving.js';

export interface ViewerOptions {
  /** Age of the oldest unwritten data at which a viewer is cut to the next keyframe. */
  maxBacklogMs: number;
  /** Unwritten bytes at which a viewer is cut. */
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
}

export interface Channels {
  rtp: number;
  rtcp: number;
}

interface TrackState {
  track: Track;
  channels: Channels;
  /** Packets left out so far: later sequence numbers are lowered by it. */
  missing: number;
  packets: number;
  octets: number;
  lastReportAt: number;
  lag: LagMeter;
}

/** One RTSP viewer with RTP interleaved in its connection. A slow one is cut to the next keyframe and never holds more than its cap. */
export class Viewer implements Outlet {
  readonly #tracks = new Map<number, TrackState>();
  /** Times and sizes of writes the kernel has not taken yet, oldest first. */
  readonly #unwritten: { at: number; bytes: number }[] = [];
  readonly #startedAt = performance.now();
  readonly #hasVideo: boolean;
  #unwrittenBytes = 0;
  #progressAt = this.#startedAt;
  #dropping = false;
  #resumeAt = 0;
  #subscription: Subscription | undefined;
  readonly stats: ViewerStats = {
    startedAt: Date.now(),
    bytes: 0,
    units: 0,
    droppedUnits: 0,
    dropEpisodes: 0,
    firstKeyMs: undefined,
    backlogBytes: 0,
    lagMs: undefined,
  };

  constructor(
    readonly socket: Duplex,
    readonly hub: Hub,
    tracks: Map<Track, Channels>,
    readonly options: ViewerOptions,
    readonly onEnd: (error: MediaError) => void,
  ) {
    for (const [track, channels] of tracks) {
      const counters = { missing: 0, packets: 0, octets: 0, lastReportAt: -Infinity };
      this.#tracks.set(track.index, { track, channels, ...counters, lag: new LagMeter() });
    }
    this.#hasVideo = [...tracks.keys()].some((track) => track.kind === 'video');
  }

  start(): void {
    this.#subscription = this.hub.subscribe(this);
  }

  stop(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  unit(unit: AccessUnit): void {
    const state = this.#tracks.get(unit.track);
    if (!state || this.socket.destroyed) return;
    const now = performance.now();
    if (!this.#admit(unit, state, now)) {
      state.missing += unit.packets.length;
      this.stats.droppedUnits++;
      return;
    }
    this.#report(unit, state, now);
    const shared = interleave(unit, state.channels.rtp);
    this.#write(state.missing === 0 ? shared : renumber(shared, state.missing), now);
    state.packets += unit.packets.length;
    state.octets += unit.bytes - unit.packets.length * rtpHeaderBytes;
    state.lag.sent((unit.packets[unit.packets.length - 1].readUInt16BE(2) - state.missing) & 0xffff, now);
    this.stats.units++;
    if (unit.key && state.track.kind === 'video') this.stats.firstKeyMs ??= performance.now() - this.#startedAt;
  }

  end(error: MediaError): void {
    this.#subscription = undefined;
    this.onEnd(error);
  }

  /**
   * Takes a receiver report. A viewer too far behind gets nothing for as long as it is behind,
   * in which it plays what the kernel still holds, and then a keyframe.
   */
  reported(channel: number, highestSequence: number): void {
    const state = [...this.#tracks.values()].find(({ channels }) => channels.rtcp === channel);
    const now = performance.now();
    const lagMs = state?.lag.lagMs(highestSequence, now);
    if (lagMs === undefined) return;
    this.stats.lagMs = lagMs;
    if (lagMs < this.options.maxLagMs || this.#dropping) return;
    this.#dropping = true;
    this.#resumeAt = now + lagMs;
    this.stats.dropEpisodes++;
  }

  /** Called now and then: throws out a viewer that takes nothing. */
  sweep(now: number): void {
    const oldest = this.#unwritten[0];
    if (oldest && now - Math.max(oldest.at, this.#progressAt) > this.options.stalledMs) {
      this.onEnd(new MediaError('viewer-stalled', `Took nothing for ${this.options.stalledMs} ms`));
    }
  }

  #admit(unit: AccessUnit, state: TrackState, now: number): boolean {
    const { maxBacklogMs, maxBacklogBytes } = this.options;
    const age = this.#unwritten[0] ? now - this.#unwritten[0].at : 0;
    if (!this.#dropping && (age > maxBacklogMs || this.#unwrittenBytes > maxBacklogBytes)) {
      this.#dropping = true;
      this.stats.dropEpisodes++;
    } else if (
      this.#dropping &&
      now >= this.#resumeAt &&
      age < maxBacklogMs / 2 &&
      this.#unwrittenBytes < maxBacklogBytes / 2
    ) {
      this.#dropping = this.#hasVideo && !(unit.key && state.track.kind === 'video');
    }
    return !this.#dropping;
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
    this.#write(encodeInterleaved(state.channels.rtcp, report), now);
  }

  #write(data: Buffer, now: number): void {
    this.#unwritten.push({ at: now, bytes: data.length });
    this.#unwrittenBytes += data.length;
    this.stats.backlogBytes = this.#unwrittenBytes;
    this.stats.bytes += data.length;
    this.socket.write(data, () => {
      this.#unwrittenBytes -= this.#unwritten.shift()?.bytes ?? 0;
      this.#progressAt = performance.now();
      this.stats.backlogBytes = this.#unwrittenBytes;
    });
  }
}
