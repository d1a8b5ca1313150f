import type { Hub } from '@app/media';
import type { StreamSourceRow } from '@app/persistence';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type RunningStream, RunningStreams } from './running-streams.js';
import { SiteLink } from './site-link.js';
import { StreamQuality } from './stream-quality.js';
import { StreamResolver } from './stream.resolver.js';

const SAMPLE_MS = 1_000;
/** Delays are summed up over some seconds by themselves. */
const DELAY_EVERY = 5;

interface Seen {
  units: number;
  hasFirstFrame: boolean;
}

/** Looks once a second how each viewer fares. Players of HLS come and go, and who plays a recording may pause: their gaps say nothing. */
@Injectable()
export class StreamSampler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly seen = new WeakMap<RunningStream, Seen>();
  private readonly qualities = new Map<string, StreamQuality>();
  private timer: NodeJS.Timeout | undefined;
  private sampledAt = performance.now();
  private samples = 0;

  constructor(
    private readonly running: RunningStreams,
    private readonly streams: StreamResolver,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  sample(): void {
    const now = performance.now();
    const elapsedMs = now - this.sampledAt;
    this.sampledAt = now;
    for (const stream of this.running.all()) this.look(stream, elapsedMs);
    this.samples += 1;
    if (this.samples % DELAY_EVERY !== 0) return;
    for (const [key, hub] of this.streams.entries()) {
      const delay = hub.state === 'up' ? hub.figures.delayMs : undefined;
      if (delay) this.qualities.get(key)?.delay(delay.p50);
    }
  }

  /** By tenant: what is known of each stream that is open, or was watched of late. */
  sources(): Map<string, StreamSourceRow[]> {
    const byTenant = new Map<string, StreamSourceRow[]>();
    for (const [key, hub] of this.streams.entries()) {
      const quality = this.qualities.get(key)?.figures();
      if (quality === undefined) this.qualities.delete(key);
      const { source } = hub;
      if (!(source instanceof SiteLink) || !source.media || (hub.state === 'idle' && !quality)) continue;
      const { tenantId, usage } = source.stream;
      const row = {
        cameraId: source.media.cameraId,
        usage,
        figures: { ...figuresOf(hub), hop: source.hop ?? null, quality: quality ?? null },
      };
      byTenant.set(tenantId, [...(byTenant.get(tenantId) ?? []), row]);
    }
    return byTenant;
  }

  private look(stream: RunningStream, elapsedMs: number): void {
    const { viewer } = stream;
    if (!viewer.grant || viewer.kind !== 'live' || viewer.transport === 'hls') return;
    const { tenantId, site, camera, usage } = viewer.grant;
    const quality = this.qualityOf(`${tenantId}/${site}/${camera}/${usage}`);
    const { units, firstKeyMs } = viewer.stats;
    const before = this.seen.get(stream);
    if (!before) quality.started();
    if (firstKeyMs !== undefined && before?.hasFirstFrame !== true) quality.firstFrame(firstKeyMs);
    if (before && units > 0) {
      const isStalled = units === before.units;
      quality.watched(elapsedMs, isStalled);
      if (isStalled) stream.stalledMs += elapsedMs;
    }
    this.seen.set(stream, { units, hasFirstFrame: firstKeyMs !== undefined });
  }

  private qualityOf(key: string): StreamQuality {
    const quality = this.qualities.get(key) ?? new StreamQuality();
    this.qualities.set(key, quality);
    return quality;
  }
}

const figuresOf = (hub: Hub): object => {
  const { state, outlets, opened, bytes, cacheBytes, lastError, lostPackets, discontinuities, upMs } = hub.stats;
  const { bitsPerSecond, framesPerSecond, gopFrames, keyAgeMs, jitterMs, delayMs } = hub.figures;
  return {
    state,
    lastError: state === 'up' ? null : (lastError ?? null),
    upSeconds: upMs === undefined ? null : upMs / 1_000,
    // The first opening is none.
    reconnects: Math.max(0, opened - 1),
    viewers: outlets,
    bytes,
    cacheBytes,
    lostPackets,
    discontinuities,
    bitsPerSecond,
    framesPerSecond,
    gopFrames: gopFrames ?? null,
    secondsSinceKeyframe: keyAgeMs === undefined ? null : keyAgeMs / 1_000,
    jitterMs,
    delayMs: delayMs ?? null,
  };
};
