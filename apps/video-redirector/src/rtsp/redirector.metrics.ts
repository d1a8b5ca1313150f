import type { HopFigures, HubStats, RefusedOffer, RtspServerListener, ViewerInfo } from '@app/media';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { SiteLink } from '../streams/site-link.js';
import { RunningStreams } from '../streams/running-streams.js';
import { StreamResolver } from '../streams/stream.resolver.js';

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
    const sum = (of: (hub: HubStats) => number): number => stats(streams).reduce((total, hub) => total + of(hub), 0);
    this.counter('adit_upstream_bytes_total', 'RTP bytes received from sites', () => streams.totals.bytes);
    this.counter('adit_upstream_openings_total', 'Openings of upstreams', () => streams.totals.opened);
    this.counter('adit_upstream_lost_packets_total', 'RTP packets that are missing in what sites sent', () => {
      return streams.totals.lostPackets;
    });
    this.counter('adit_upstream_discontinuities_total', 'Units behind others that were left out on their way', () => {
      return streams.totals.discontinuities;
    });
    this.counter('adit_pulls_saved_total', 'Viewers that found their stream open', () => streams.totals.pullsSaved);
    const hops = (of: (hop: HopFigures) => number): number[] => hopsOf(streams).map(of);
    const worst = (values: number[]): number => Math.max(0, ...values) / 1_000;
    this.gauge('adit_hop_ack_p50_seconds', 'Of the link that is slowest at the median', () =>
      worst(hops(({ ackP50Ms }) => ackP50Ms)),
    );
    this.gauge('adit_hop_ack_p95_seconds', 'Of the link that is slowest at the 95th percentile', () =>
      worst(hops(({ ackP95Ms }) => ackP95Ms)),
    );
    this.gauge('adit_hop_round_trip_seconds', 'Of the link with the longest way', () =>
      worst(hops(({ roundTripMs }) => roundTripMs)),
    );
    this.gauge('adit_hop_in_flight_bytes', 'On their way from sites, not acknowledged yet', () =>
      hops(({ inFlightBytes }) => inFlightBytes).reduce((total, bytes) => total + bytes, 0),
    );
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

  /** @param read what has been counted elsewhere; it never falls */
  private counter(name: string, help: string, read: () => number): void {
    const collect = (): void => {
      counter.reset();
      counter.inc(read());
    };
    const counter: Counter = new Counter({ name, help, registers: this.registers, collect });
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: this.registers, collect: () => gauge.set(read()) });
  }
}

const hopsOf = (streams: StreamResolver): HopFigures[] =>
  [...streams.entries()].flatMap(([, { source, state }]) =>
    state === 'up' && source instanceof SiteLink && source.hop ? [source.hop] : [],
  );

const stats = (streams: StreamResolver): HubStats[] => [...streams.entries()].map(([, hub]) => hub.stats);

const transportOf = ({ transport, encrypted }: ViewerInfo): string => (encrypted ? 'tls' : transport);
