import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingsOf, type SiteFacts, verdictOf } from './findings.js';
import { SITE_STATES, VERDICT_CODES, VERDICTS } from './verdict-codes.js';

const ROLE = { name: 'Hamburg', enabled: true, state: 'connected', stateReason: null, clockSkewMs: 20 } as const;
const WELL: SiteFacts = {
  hasIdentity: true,
  agent: { state: 'active', certificateExpired: false },
  tunnel: { state: 'up', closeReason: null, clockSkewMs: 20 },
  isDirect: false,
  roles: [ROLE],
  recentOutages: 1,
  condition: null,
  uplink: { limitBitsPerSecond: 4e6, capacityBitsPerSecond: null, videoBitsPerSecond: 1e6 },
  slowHop: null,
  cameras: { offline: 0, unknown: 0 },
  failingStreams: 0,
};
const CONDITION = {
  agentVersion: '0.1.0',
  startedAt: '2026-01-01T00:00:00Z',
  clockSkewMs: 0,
  uplink: { limitBitsPerSecond: null, capacityBitsPerSecond: null, roundTripMs: null },
  freeBytes: 1_000,
};
const down = (closeReason: string): Partial<SiteFacts> => ({ tunnel: { state: 'down', closeReason, clockSkewMs: 0 } });
const codesOf = (facts: Partial<SiteFacts>): string[] => findingsOf({ ...WELL, ...facts }).map(({ code }) => code);

describe('what is wrong with a site', () => {
  it.each<[string, Partial<SiteFacts>, string[]]>([
    ['nothing', {}, ['ok']],
    ['a silent line', down('peer-silent'), ['line-lost']],
    ['an agent that was stopped', down('agent-stopped'), ['agent-stopped']],
    ['a reason of a later version', down('moon-phase'), ['tunnel-ended']],
    [
      'a locked agent',
      { ...down('superseded'), agent: { state: 'locked', certificateExpired: false } },
      ['agent-locked'],
    ],
    [
      'a certificate that is over',
      { ...down('x'), agent: { state: 'active', certificateExpired: true } },
      ['certificate-expired'],
    ],
    ['no identity at all', { tunnel: undefined, agent: undefined, hasIdentity: false }, ['no-keyfile']],
    ['an agent that never came', { tunnel: undefined, agent: undefined }, ['waiting-for-agent']],
    ['federation away', { roles: null }, ['federation-silent']],
    ['no role', { roles: [] }, ['role-missing']],
    ['all roles disabled', { roles: [{ ...ROLE, enabled: false, state: 'disabled' }] }, ['role-disabled']],
    ['one of two roles disabled', { roles: [ROLE, { ...ROLE, enabled: false, state: 'disabled' }] }, ['ok']],
    ['a wrong password', { roles: [{ ...ROLE, state: 'invalid-credentials' }] }, ['role-credentials']],
    [
      'two roles with a wrong password',
      { roles: [1, 2].map(() => ({ ...ROLE, state: 'invalid-credentials' as const })) },
      ['role-credentials'],
    ],
    ['a wrong clock', { roles: [{ ...ROLE, clockSkewMs: -3_600_000 }] }, ['clock-off']],
    ['many outages', { recentOutages: 3 }, ['flapping']],
    ['a full disk', { condition: CONDITION }, ['disk-full']],
    ['a disk of unknown size', { condition: { ...CONDITION, freeBytes: null } }, ['ok']],
    ['a full uplink', { uplink: { ...WELL.uplink, videoBitsPerSecond: 3.9e6 } }, ['uplink-full']],
    [
      'no video by an uplink of nothing',
      { uplink: { ...WELL.uplink, limitBitsPerSecond: 0, videoBitsPerSecond: 0 } },
      ['ok'],
    ],
    [
      'several things',
      { failingStreams: 1, recentOutages: 9, cameras: { offline: 1, unknown: 0 } },
      ['flapping', 'cameras-failing', 'streams-failing'],
    ],
    ['a direct site without a tunnel', { tunnel: undefined, isDirect: true, hasIdentity: false }, ['ok']],
  ])('%s', (_case, facts, codes) => {
    expect(codesOf(facts)).toEqual(codes);
  });

  it('has a verdict with its advice', () => {
    const [finding] = findingsOf({
      ...WELL,
      roles: [{ ...ROLE, state: 'connection-failed', stateReason: 'site-unreachable' }],
    });
    expect(verdictOf(finding ? [finding] : [])).toEqual({
      state: 'degraded',
      code: 'role-failed',
      detail: 'Hamburg: site-unreachable',
      advice: VERDICTS['role-failed'].advice,
    });
  });

  it('begins with the worst: what is down before what is not as it should be', () => {
    const order = VERDICT_CODES.map((code) => SITE_STATES.indexOf(VERDICTS[code].state));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  });

  it('has each of its codes in docs/diagnosis.md with what to do about it', () => {
    const doc = readFileSync(join(__dirname, '../../../../docs/diagnosis.md'), 'utf8');
    const documented = [...doc.matchAll(/^\| `([a-z-]+)` \| (?:down|never-connected|degraded|up) \|/gm)].map(
      ([, code]) => code,
    );
    expect(documented).toEqual(VERDICT_CODES);
  });
});
