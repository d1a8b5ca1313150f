import type { Diagnosis } from '../api/diagnosis-shape.js';
import { diagnosisRows } from './diagnosis-rows.js';

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const VERDICT = { state: 'down', code: 'line-lost', detail: 'the tunnel ended with peer-silent', advice: 'look' };
const DOWN: Diagnosis = {
  siteId: 'x',
  at: ago(0),
  verdict: VERDICT,
  further: [],
  host: { tunnel: 'never', since: null, roundTripMs: null, lastEnd: null },
  roles: null,
  site: null,
  outages: [],
  uplink: { limitBitsPerSecond: null, capacityBitsPerSecond: null, videoBitsPerSecond: 0 },
  hops: [{ name: 'broker-agent', ms: null }],
  slowHop: null,
  cameras: { online: 0, offline: 0, unknown: 0, troubled: [] },
};
const textOf = (diagnosis: Partial<Diagnosis>): string =>
  diagnosisRows({ ...DOWN, ...diagnosis })
    .map((row) => row.join(': '))
    .join('\n');

describe('a diagnosis for people', () => {
  it('begins with the verdict, why, and what to do', () => {
    expect(diagnosisRows(DOWN).slice(0, 3)).toEqual([
      ['Verdict', 'down: line-lost'],
      ['Because', 'the tunnel ended with peer-silent'],
      ['Advice', 'look'],
    ]);
  });

  it('says what is not known', () => {
    expect(textOf({})).toMatch(/Role: the federation app does not answer\n[^]*Site: has told nothing of itself/);
    expect(textOf({})).not.toContain('Round trips');
  });

  it('tells an outage from both ends', () => {
    const faults = [{ code: 'dns-failed', endpoint: 'a:5500', count: 7 }];
    const both = {
      from: ago(10),
      to: ago(7),
      host: { reason: 'peer-silent' },
      site: { cause: 'transport-closed', restarts: 2, faults },
    };
    expect(textOf({ outages: [both] })).toMatch(
      /Outage: .* for 3 min; host: peer-silent; site: transport-closed, 2 restarts, dns-failed a:5500 ×7/,
    );
    const lasting = { from: ago(10), to: null, host: { reason: null }, site: null };
    expect(textOf({ outages: [lasting] })).toMatch(/Outage: .* lasts; host: not known; site: not told/);
    const short = { from: ago(10), to: ago(10), host: null, site: { cause: 'x', restarts: 0, faults: [] } };
    expect(textOf({ outages: [short] })).toMatch(/for 0 s; host: not noticed; site: x$/m);
  });

  it('marks the slow hop, and names cameras that are not online', () => {
    const hops = [
      { name: 'broker-agent', ms: 900.4 },
      { name: 'site-device', ms: 3 },
    ];
    expect(textOf({ hops, slowHop: 'broker-agent' })).toContain(
      'Round trips: broker-agent 900 ms (slow), site-device 3 ms',
    );
    const gate = { name: 'Gate', state: 'offline', reason: 'rtsp-refused', since: ago(3) };
    const cameras = { online: 2, offline: 1, unknown: 0, troubled: [gate] };
    expect(textOf({ cameras })).toContain('Camera: Gate is offline since 3 min ago: rtsp-refused');
  });
});
