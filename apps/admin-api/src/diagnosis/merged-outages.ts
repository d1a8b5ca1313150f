import type { OutageTimes } from '@app/persistence';
import type { HostOutage } from './host-outages.js';

/** One outage as both ends have seen it; at least one of them has. */
export interface MergedOutage {
  host: HostOutage | undefined;
  site: OutageTimes | undefined;
}

interface Pair {
  host: HostOutage;
  site: OutageTimes;
  /** Negative: so far apart. */
  overlapMs: number;
}

/** One end may notice the beginning so much later that it is the other's end. */
const TOLERANCE_MS = 5_000;

/**
 * Each outage of either end once, newest first. Those that overlap most belong together, and each to one other: what one
 * end has seen as one and the other as several has the longest of these beside it.
 */
export const mergeOutages = (hosts: readonly HostOutage[], sites: readonly OutageTimes[]): MergedOutage[] => {
  const pairedHosts = new Set<HostOutage>();
  const pairedSites = new Set<OutageTimes>();
  const merged: MergedOutage[] = [];
  for (const { host, site } of pairsOf(hosts, sites)) {
    if (pairedHosts.has(host) || pairedSites.has(site)) continue;
    pairedHosts.add(host);
    pairedSites.add(site);
    merged.push({ host, site });
  }
  for (const host of hosts) if (!pairedHosts.has(host)) merged.push({ host, site: undefined });
  for (const site of sites) if (!pairedSites.has(site)) merged.push({ host: undefined, site });
  return merged.toSorted((one, other) => beginOf(other) - beginOf(one));
};

export const beginOf = ({ host, site }: MergedOutage): number => (host ?? site)?.from.getTime() ?? 0;

/** Those that touch, the ones that overlap most first. */
const pairsOf = (hosts: readonly HostOutage[], sites: readonly OutageTimes[]): Pair[] => {
  const byBegin = sites.toSorted((one, other) => one.from.getTime() - other.from.getTime());
  const pairs: Pair[] = [];
  for (const host of hosts) {
    const hostEnd = host.to?.getTime() ?? Infinity;
    for (const site of byBegin) {
      if (site.from.getTime() > hostEnd + TOLERANCE_MS) break;
      const begin = Math.max(host.from.getTime(), site.from.getTime());
      const overlapMs = Math.min(hostEnd, site.to.getTime()) - begin;
      if (overlapMs >= -TOLERANCE_MS) pairs.push({ host, site, overlapMs });
    }
  }
  return pairs.toSorted((one, other) => other.overlapMs - one.overlapMs);
};
