import type { HubStats, RtspServerListener, ViewerInfo } from '@app/media';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { StreamResolver } from '../streams/stream.resolver.js';

/** Figures of this redirector; labels are bounded: no camera, no viewer. */
@Injectable()
export class RedirectorMetrics implements RtspServerListener {
  readonly registry = new Registry();
  private readonly viewers = new Set<ViewerInfo>();
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

  constructor(streams: StreamResolver) {
    this.gauge('adit_viewers', 'Viewers now', () => this.viewers.size);
    const sum = (of: (hub: HubStats) => number): number => stats(streams).reduce((total, hub) => total + of(hub), 0);
    this.gauge('adit_upstream_bytes', 'RTP bytes received by the hubs that exist', () => sum((hub) => hub.bytes));
    this.gauge('adit_upstream_opened', 'Openings of upstreams of the hubs that exist', () => sum((hub) => hub.opened));
    this.gauge('adit_cache_bytes', 'Bytes in the caches of the last group of pictures', () =>
      sum((hub) => hub.cacheBytes),
    );
    const hubs = new Gauge({
      name: 'adit_hubs',
      help: 'Hubs by the state of their upstream',
      labelNames: ['state'],
      registers: this.registers,
      collect: () => {
        hubs.reset();
        for (const { state } of stats(streams)) hubs.inc({ state });
      },
    });
  }

  viewerStarted(viewer: ViewerInfo): void {
    this.viewers.add(viewer);
  }

  viewerStopped(viewer: ViewerInfo, code: string): void {
    this.viewers.delete(viewer);
    this.stopped.inc({ code });
    this.viewerBytes.inc(viewer.stats.bytes);
    this.dropped.inc(viewer.stats.droppedUnits);
  }

  refused(status: number, code: string): void {
    this.refusals.inc({ status, code });
  }

  refusedPlayer(status: number, code: string): void {
    this.playerRefusals.inc({ status, code });
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: this.registers, collect: () => gauge.set(read()) });
  }
}

const stats = (streams: StreamResolver): HubStats[] => [...streams.entries()].map(([, hub]) => hub.stats);
