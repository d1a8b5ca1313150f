import type { OutageTimes, TunnelSpan } from '@app/persistence';
import fc from 'fast-check';
import { type HostOutage, outagesBetween } from './host-outages.js';
import { beginOf, mergeOutages } from './merged-outages.js';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 26) + second * 1_000);
const span = (from: number, to: number | null, closeReason: string | null = 'peer-silent'): TunnelSpan => ({
  openedAt: at(from),
  endedAt: to === null ? null : at(to),
  closeReason: to === null ? null : closeReason,
});
const host = (from: number, to: number | null): HostOutage => ({
  from: at(from),
  to: to === null ? null : at(to),
  reason: 'x',
});
const site = (id: string, from: number, to: number): OutageTimes => ({ id, from: at(from), to: at(to) });

describe('times without a session', () => {
  it('lie between sessions, with the reason of the one that ended last', () => {
    const spans = [span(100, null), span(0, 50, 'operator'), span(10, 40, 'superseded')];
    expect(outagesBetween(spans)).toEqual([{ from: at(50), to: at(100), reason: 'operator' }]);
  });

  it('last when nothing came after', () => {
    expect(outagesBetween([span(0, 50)])).toEqual([{ from: at(50), to: null, reason: 'peer-silent' }]);
  });

  it('are none where one session goes over into the next, nor before the first', () => {
    expect(outagesBetween([])).toEqual([]);
    expect(outagesBetween([span(0, 50, 'reconnected'), span(50, 70, 'drained'), span(60, null)])).toEqual([]);
  });

  it('never overlap a session, and leave nothing out', () => {
    const spans = fc.array(
      fc
        .tuple(fc.nat(500), fc.option(fc.nat(100)))
        .map(([from, length]) => span(from, length === null ? null : from + length)),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(spans, fc.nat(600), (all, second) => {
        const moment = at(second + 0.5);
        const within = (from: Date, to: Date | null): boolean => from <= moment && (to === null || moment < to);
        const up = all.some(({ openedAt, endedAt }) => within(openedAt, endedAt));
        const before = all.every(({ openedAt }) => openedAt > moment);
        const down = outagesBetween(all).filter(({ from, to }) => within(from, to));
        expect(down).toHaveLength(up || before ? 0 : 1);
      }),
    );
  });
});

describe('outages seen from both ends', () => {
  it('are one where they overlap, though the ends differ about when it was', () => {
    const [one] = [host(100, 160)];
    const other = site('a', 70, 158);
    expect(mergeOutages([one], [other])).toEqual([{ host: one, site: other }]);
  });

  it('stay apart where they do not', () => {
    const [one, other] = [host(100, 160), site('a', 300, 310)];
    expect(mergeOutages([one], [other])).toEqual([
      { host: undefined, site: other },
      { host: one, site: undefined },
    ]);
  });

  it('belong to the longest of several that the other end has seen', () => {
    const [short, long, whole] = [host(100, 110), host(115, 200), site('a', 99, 201)];
    expect(mergeOutages([short, long], [whole])).toEqual([
      { host: long, site: whole },
      { host: short, site: undefined },
    ]);
  });

  it('touch within some seconds', () => {
    const silent = site('a', 90, 97);
    expect(mergeOutages([host(100, 101)], [silent])).toMatchObject([{ site: silent }]);
    expect(mergeOutages([host(103, 104)], [silent])).toHaveLength(2);
  });

  it('are each there once, in their order, and no two that are apart are one', () => {
    const times = fc.array(fc.tuple(fc.nat(1_000), fc.nat(60)), { maxLength: 30 });
    fc.assert(
      fc.property(times, times, fc.boolean(), (hostTimes, siteTimes, lasts) => {
        const hosts = hostTimes.map(([from, length]) => host(from, from + length));
        if (lasts) hosts.push(host(1_100, null));
        const sites = siteTimes.map(([from, length], index) => site(String(index), from, from + length));
        const merged = mergeOutages(hosts, sites);
        expect(merged.flatMap((one) => one.host ?? [])).toHaveLength(hosts.length);
        expect(new Set(merged.flatMap((one) => one.host ?? []))).toEqual(new Set(hosts));
        expect(merged.flatMap((one) => one.site?.id ?? []).sort()).toEqual(sites.map(({ id }) => id).sort());
        const begins = merged.map(beginOf);
        expect(begins).toEqual(begins.toSorted((one, other) => other - one));
        for (const one of merged) {
          if (!one.host || !one.site) continue;
          expect(one.site.from.getTime()).toBeLessThanOrEqual((one.host.to?.getTime() ?? Infinity) + 5_000);
          expect(one.host.from.getTime()).toBeLessThanOrEqual(one.site.to.getTime() + 5_000);
        }
      }),
    );
  });
});
