import type { HopFigures, Hub, SourceFigures } from '@app/media';
import { Counter, Gauge, type Registry } from 'prom-client';
import { SiteLink } from '../streams/site-link.js';
import type { StreamResolver } from '../streams/stream.resolver.js';

/** Figures of what comes from the sites: sums over all, and those of the worst. One camera's are in REST. */
export const registerUpstreamMetrics = (registry: Registry, streams: StreamResolver): void => {
  const registers = [registry];
  /** @param read what has been counted elsewhere; it never falls */
  const counter = (name: string, help: string, read: () => number): void => {
    const collect = (): void => {
      made.reset();
      made.inc(read());
    };
    const made: Counter = new Counter({ name, help, registers, collect });
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  const hubs = (): Hub[] => [...streams.entries()].map(([, hub]) => hub);
  const sources = (of: (source: SourceFigures) => number): number[] =>
    hubs().flatMap((hub) => (hub.state === 'up' ? [of(hub.figures)] : []));
  const hops = (of: (hop: HopFigures) => number): number[] => hubs().flatMap((hub) => hopOf(hub).map(of));

  counter('adit_upstream_bytes_total', 'RTP bytes received from sites', () => streams.totals.bytes);
  counter('adit_upstream_openings_total', 'Openings of upstreams', () => streams.totals.opened);
  counter('adit_upstream_lost_packets_total', 'RTP packets that are missing in what sites sent', () => {
    return streams.totals.lostPackets;
  });
  counter('adit_upstream_discontinuities_total', 'Units behind others that were left out on their way', () => {
    return streams.totals.discontinuities;
  });
  counter('adit_pulls_saved_total', 'Viewers that found their stream open', () => streams.totals.pullsSaved);

  gauge('adit_upstream_bits_per_second', 'From all sites', () => sum(sources((source) => source.bitsPerSecond)));
  gauge('adit_upstream_jitter_seconds', 'Of the stream that comes the least evenly', () =>
    worst(sources(({ jitterMs }) => jitterMs)),
  );
  gauge('adit_upstream_keyframe_age_seconds', 'Of the stream that nobody could join for the longest time', () =>
    worst(sources(({ keyAgeMs }) => keyAgeMs ?? 0)),
  );
  gauge('adit_hop_ack_p50_seconds', 'Of the link that is slowest at the median', () =>
    worst(hops(({ ackP50Ms }) => ackP50Ms)),
  );
  gauge('adit_hop_ack_p95_seconds', 'Of the link that is slowest at the 95th percentile', () =>
    worst(hops(({ ackP95Ms }) => ackP95Ms)),
  );
  gauge('adit_hop_round_trip_seconds', 'Of the link with the longest way', () =>
    worst(hops(({ roundTripMs }) => roundTripMs)),
  );
  gauge('adit_hop_in_flight_bytes', 'On their way from sites, not acknowledged yet', () =>
    sum(hops(({ inFlightBytes }) => inFlightBytes)),
  );
  gauge('adit_cache_bytes', 'Bytes in the caches of the last group of pictures', () =>
    sum(hubs().map(({ stats }) => stats.cacheBytes)),
  );
  const states = new Gauge({
    name: 'adit_hubs',
    help: 'Hubs by the state of their upstream',
    labelNames: ['state'],
    registers,
    collect: () => {
      states.reset();
      for (const { state } of hubs()) states.inc({ state });
    },
  });
};

const hopOf = ({ state, source }: Hub): HopFigures[] =>
  state === 'up' && source instanceof SiteLink && source.hop ? [source.hop] : [];

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** In seconds. @param values ms */
const worst = (values: number[]): number => Math.max(0, ...values) / 1_000;
