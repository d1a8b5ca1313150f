import type { RefusedOffer, RtspServerListener, ViewerInfo } from '@app/media';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { RunningStreams } from '../streams/running-streams.js';
import { StreamResolver } from '../streams/stream.resolver.js';
import { registerUpstreamMetrics } from './upstream.metrics.js';

/** Figures of this redirector; labels are bounded: no camera, no viewer. */
@Injectable()
export class RedirectorMetrics implements RtspServerListener {
  readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly refusals = new Counter({
    name: 'adit_rtsp_refusals_total',
    help: 'Requests answered with something else than 200, by code',
    labelNames: ['status', 'code'],
    registers: this.registers,
  });
  private readonly playerRefusals = new Counter({
    name: 'adit_player_refusals_total',
    help: 'Browser players and their requests that were refused, by code',
    labelNames: ['status', 'code'],
    registers: this.registers,
  });
  private readonly refusedOffers = new Counter({
    name: 'adit_rtsp_refused_offers_total',
    help: 'Transports that players asked for and could not have, by reason',
    labelNames: ['offer', 'reason'],
    registers: this.registers,
  });
  private readonly started = new Counter({
    name: 'adit_viewers_started_total',
    help: 'Viewers that began, by transport and why they have no better one',
    labelNames: ['transport', 'reason'],
    registers: this.registers,
  });
  private readonly fallbacks = new Counter({
    name: 'adit_viewer_fallbacks_total',
    help: 'Viewers that have another transport than they asked for first',
    labelNames: ['from', 'to'],
    registers: this.registers,
  });
  private readonly stopped = new Counter({
    name: 'adit_viewers_stopped_total',
    help: 'Viewers that ended, by code',
    labelNames: ['code'],
    registers: this.registers,
  });
  private readonly viewerBytes = new Counter({
    name: 'adit_viewer_bytes_total',
    help: 'RTP bytes of viewers that ended',
    registers: this.registers,
  });
  private readonly dropped = new Counter({
    name: 'adit_viewer_dropped_units_total',
    help: 'Access units left out for slow viewers that ended',
    registers: this.registers,
  });

  private readonly firstFrames = new Histogram({
    name: 'adit_viewer_first_frame_seconds',
    help: 'From PLAY to the first keyframe, of viewers that ended',
    labelNames: ['transport'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    registers: this.registers,
  });
  private readonly watched = new Histogram({
    name: 'adit_viewer_seconds',
    help: 'How long viewers that ended have watched',
    labelNames: ['transport'],
    buckets: [1, 10, 60, 600, 3_600, 21_600],
    registers: this.registers,
  });

  constructor(
    streams: StreamResolver,
    private readonly running: RunningStreams,
  ) {
    const viewers = new Gauge({
      name: 'adit_viewers',
      help: 'Viewers now, by transport',
      labelNames: ['transport'],
      registers: this.registers,
      collect: () => {
        viewers.reset();
        for (const { viewer } of this.running.all()) viewers.inc({ transport: transportOf(viewer) });
      },
    });
    registerUpstreamMetrics(this.registry, streams);
  }

  viewerStarted(viewer: ViewerInfo): void {
    this.running.add(viewer);
    const transport = transportOf(viewer);
    this.started.inc({ transport, reason: viewer.reason });
    if (viewer.fallbackFrom) this.fallbacks.inc({ from: viewer.fallbackFrom, to: transport });
  }

  viewerStopped(viewer: ViewerInfo, code: string): void {
    this.running.remove(viewer);
    this.stopped.inc({ code });
    this.viewerBytes.inc(viewer.stats.bytes);
    this.dropped.inc(viewer.stats.droppedUnits);
    const { firstKeyMs, startedAt } = viewer.stats;
    const transport = transportOf(viewer);
    if (firstKeyMs !== undefined) this.firstFrames.observe({ transport }, firstKeyMs / 1_000);
    this.watched.observe({ transport }, Math.max(0, Date.now() - startedAt) / 1_000);
  }

  refused(status: number, code: string): void {
    this.refusals.inc({ status, code });
  }

  refusedPlayer(status: number, code: string): void {
    this.playerRefusals.inc({ status, code });
  }

  offerRefused({ transport, reason }: RefusedOffer): void {
    this.refusedOffers.inc({ offer: transport, reason });
  }
}

const transportOf = ({ transport, encrypted }: ViewerInfo): string => (encrypted ? 'tls' : transport);
