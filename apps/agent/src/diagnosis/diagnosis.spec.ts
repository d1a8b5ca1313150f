import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AGENT_ERRORS } from '../errors.js';
import { ConnectionRecord } from '../record/index.js';
import { StateDirectory } from '../state/state-directory.js';
import type { Status } from '../status/status.js';
import { STATUS_FILE } from '../status/status.file.js';
import { StateLock } from '../state/state-lock.js';
import { REFUSAL_POLICIES } from '../tunnel/refusal.policy.js';
import { type Diagnosis, diagnose } from './diagnosis.js';
import { OUTAGE_WORDS } from './outage-words.js';

const AT = '2026-01-01T00:00:00.000Z';
const NO_EVENTS = {
  count: 0,
  bytes: 0,
  oldestAt: null,
  newestSequence: 0,
  discarded: 0,
  unstored: 0,
  waiting: 0,
  fault: null,
};
const UP = {
  state: 'up',
  since: AT,
  broker: 'cloud:5500',
  proxy: null,
  sessionId: 's',
  rttMs: 20,
  clockSkewMs: 0,
  nextAttemptAt: null,
} as const;

const status = (change: Partial<Status> = {}): Status => ({
  v: 1,
  pid: process.pid,
  instanceId: 'i',
  agentVersion: '1',
  startedAt: AT,
  writtenAt: new Date().toISOString(),
  site: { siteId: 's', siteName: 'Site', agentId: 'a', certificateNotAfter: AT },
  certificate: { serial: '01', notBefore: AT, notAfter: AT, renewAt: AT, lastRenewal: null, servedRequest: null },
  tunnel: UP,
  events: NO_EVENTS,
  uplink: { limitBitsPerSecond: null, scheduleLine: null, capacityBitsPerSecond: 8e6 },
  record: { outages: 0, unsent: 0, lost: 0, unwritten: 0, fault: null },
  troubles: [],
  services: {},
  cameras: [],
  ...change,
});

describe('the diagnosis of a site', () => {
  let dir: string;
  let state: StateDirectory;
  let lock: StateLock;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-diagnosis-'));
    state = await StateDirectory.open(dir);
    lock = await StateLock.acquire(state);
  });

  afterEach(async () => {
    await lock.release();
    rmSync(dir, { recursive: true });
  });

  const seen = async (change: Partial<Status> = {}): Promise<Diagnosis> => {
    await state.writeJson(STATUS_FILE, status(change));
    return await diagnose(state, []);
  };

  const codesOf = ({ findings }: Diagnosis, level: string): string[] =>
    findings.filter((finding) => finding.level === level).map(({ code }) => code);

  it('finds nothing wrong with a site that is well', async () => {
    const diagnosis = await seen();
    expect(diagnosis).toMatchObject({ ok: true, running: true, tunnel: { state: 'up' }, outages: [] });
    expect(codesOf(diagnosis, 'ok')).toEqual([
      'agent-running',
      'tunnel-up',
      'renewal-planned',
      'uplink-ok',
      'events-ok',
      'record-ok',
      'disk-ok',
    ]);
  });

  it('says that no agent runs, whether it has never or has ended', async () => {
    expect(codesOf(await diagnose(state, []), 'failure')).toEqual(['agent-not-running']);
    await lock.release();
    const ended = await seen();
    expect(ended).toMatchObject({ ok: false, running: false, tunnel: null });
    expect(codesOf(ended, 'failure')).toEqual(['agent-not-running']);
  });

  it.each<[string, string, Partial<Status>]>([
    [
      'failure',
      'connection-refused',
      { tunnel: { ...UP, state: 'waiting' }, troubles: [{ code: 'connection-refused', message: 'no', at: AT }] },
    ],
    ['failure', 'tunnel-connecting', { tunnel: { ...UP, state: 'connecting' } }],
    ['failure', 'events-not-written', { events: { ...NO_EVENTS, waiting: 7, fault: 'ENOSPC' } }],
    ['warning', 'events-lost', { events: { ...NO_EVENTS, unstored: 1 } }],
    ['warning', 'uplink-slow', { tunnel: { ...UP, rttMs: 900 } }],
    [
      'warning',
      'uplink-narrow',
      { uplink: { limitBitsPerSecond: null, scheduleLine: null, capacityBitsPerSecond: 4e5 } },
    ],
    ['warning', 'record-not-written', { record: { outages: 1, unsent: 1, lost: 0, unwritten: 2, fault: 'ENOSPC' } }],
  ])('tells as a %s: %s', async (level, code, change) => {
    const diagnosis = await seen(change);
    expect(codesOf(diagnosis, level)).toEqual([code]);
    expect(diagnosis.ok).toBe(level === 'warning');
    for (const { level: found, advice } of diagnosis.findings)
      expect(found === 'ok' || (advice ?? '') !== '').toBe(true);
  });

  it('understands an agent of before, and a status that cannot be read', async () => {
    const { certificate: _c, events: _e, uplink: _u, record: _r, ...old } = status();
    await state.writeJson(STATUS_FILE, old);
    expect(await diagnose(state, [])).toMatchObject({ ok: true, running: true });
    await state.write(STATUS_FILE, '{');
    expect(await diagnose(state, [])).toMatchObject({ ok: false, running: false });
  });

  it('tells of outages by what kept the site away, without what the clock was set by', async () => {
    let [wall, steady] = [Date.parse(AT), 0];
    const clock = { wall: () => wall, steady: () => steady };
    const record = await ConnectionRecord.open({ state, siteId: 's', onError: () => undefined, ...clock });
    record.up();
    record.down('peer-silent');
    record.failed({ code: 'process-died', endpoint: '', detail: '' });
    for (let count = 0; count < 3; count += 1)
      record.failed({ code: 'name-unknown', endpoint: 'cloud:1', detail: 'no' });
    [wall, steady] = [wall + 3_660_000, steady + 60_000];
    record.up();
    record.markSent(record.unsent.map(({ id }) => id));
    record.down('made-up');
    await record.flush();
    const { outages } = await seen();
    expect(outages).toMatchObject([
      { cause: 'made-up', to: null, sent: false, reason: 'see docs/errors.md' },
      { cause: 'peer-silent', sent: true, durationMs: 60_000, clockJumpMs: 3_600_000 },
    ]);
    expect(outages[1]).toMatchObject({
      reason: 'nothing was heard from the cloud',
      advice: OUTAGE_WORDS['name-unknown']?.advice,
    });
  });

  it('has words for every fault of the way, and for every refusal', () => {
    const faults = Object.keys(AGENT_ERRORS).filter((code) =>
      /^(?:proxy|name|connection|network|tls|certificate)-/.test(code),
    );
    const codes = [...faults, ...Object.keys(REFUSAL_POLICIES)];
    expect(faults.length).toBeGreaterThan(10);
    expect(codes.filter((code) => OUTAGE_WORDS[code] === undefined)).toEqual([]);
  });
});
