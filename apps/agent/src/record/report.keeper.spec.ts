import {
  type ControlRequest,
  controlRequest,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  type SiteCondition,
  type SiteOutage,
} from '@app/contracts';
import { randomUUID } from 'node:crypto';
import { ControlRefusedError } from '../errors.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import { ReportKeeper } from './report.keeper.js';
import { conditionOf } from './site-condition.js';

const NOW: SiteCondition = conditionOf({
  agentVersion: '1.0.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  clockSkewMs: -7.4,
  limitBitsPerSecond: Number.POSITIVE_INFINITY,
  capacityBitsPerSecond: 9_999_999.6,
  roundTripMs: 12.34,
  freeBytes: null,
});
const MINUTE_MS = 60_000;

const outage = (detail = 'no'): SiteOutage => ({
  id: randomUUID(),
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-01T00:01:00.000Z',
  cause: 'peer-silent',
  faults: Array.from({ length: 8 }, (_, index) => ({
    code: 'name-unknown',
    endpoint: `${index}:1`,
    detail,
    count: 1,
    firstAt: '2026-01-01T00:00:10.000Z',
    lastAt: '2026-01-01T00:00:10.000Z',
  })),
  restarts: 0,
  clockJumpMs: 0,
});

describe('the keeper of reports', () => {
  let unsent: SiteOutage[];
  let asked: ControlRequest<'report'>[];
  let answer: (report: ControlRequest<'report'>) => Error | undefined;
  let established: Connected | undefined;
  let keeper: ReportKeeper;

  beforeEach(() => {
    jest.useFakeTimers();
    [unsent, asked, answer, established] = [[], [], () => undefined, {} as Connected];
    keeper = new ReportKeeper({
      record: {
        get unsent() {
          return unsent;
        },
        markSent: (ids) => {
          unsent = unsent.filter(({ id }) => !ids.includes(id));
        },
        retry: () => undefined,
      },
      established: () => established,
      condition: () => Promise.resolve(NOW),
      ask: (_connected, report) => {
        asked.push(report);
        const error = answer(report);
        return error === undefined ? Promise.resolve({}) : Promise.reject(error);
      },
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      random: () => 0.5,
    });
  });

  afterEach(() => {
    keeper.close();
    jest.useRealTimers();
  });

  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  it('tells how the site is after each connection, and every quarter of an hour', async () => {
    keeper.connected();
    await pass(2_000);
    expect(asked).toEqual([{ kind: 'report', outages: [], now: NOW }]);
    expect(NOW).toMatchObject({
      clockSkewMs: -7,
      uplink: { limitBitsPerSecond: null, capacityBitsPerSecond: 10_000_000, roundTripMs: 12.3 },
    });
    await pass(15 * MINUTE_MS);
    expect(asked).toHaveLength(2);
  });

  it('sends what it has in messages that a broker reads, each outage once, in their order', async () => {
    unsent = Array.from({ length: 30 }, (_, index) => outage('\u{1F600}'.repeat(index % 2 === 0 ? 100 : 1)));
    const ids = unsent.map(({ id }) => id);
    const askedAt: number[] = [];
    answer = () => {
      askedAt.push(Date.now());
      return undefined;
    };
    keeper.connected();
    await pass(30_000);
    expect(askedAt.slice(1).every((at, index) => at - (askedAt[index] ?? 0) > 1_000)).toBe(true);
    for (const report of asked) {
      expect(encodeMessage(report).length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES + 4);
      expect(controlRequest.safeParse(report).success).toBe(true);
    }
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.flatMap(({ outages }) => outages.map(({ id }) => id))).toEqual(ids);
    await pass(16 * MINUTE_MS);
    expect(asked.at(-1)?.outages).toEqual([]);
  });

  it('leaves out the faults of an outage that no message takes', async () => {
    unsent = [outage('x'.repeat(20_000)), outage()];
    keeper.connected();
    await pass(4_000);
    expect(asked.map(({ outages }) => outages.map(({ faults }) => faults.length))).toEqual([[0], [8]]);
  });

  it('tries again what was not answered, later and later, and does not repeat what was', async () => {
    unsent = Array.from({ length: 20 }, () => outage());
    let failures = 3;
    answer = () => (asked.length > 1 && failures-- > 0 ? new Error('the line') : undefined);
    keeper.connected();
    await pass(3_000);
    expect(asked).toHaveLength(2);
    await pass(2 * MINUTE_MS);
    expect(unsent).toEqual([]);
    expect(asked).toHaveLength(6);
    expect(asked.slice(2, 4)).toEqual([asked[1], asked[1]]);
  });

  it('waits as long as the broker says', async () => {
    answer = () => (asked.length === 1 ? new ControlRefusedError('rate-limited', 'later', 40_000) : undefined);
    keeper.connected();
    await pass(39_000);
    expect(asked).toHaveLength(1);
    await pass(5_000);
    expect(asked).toHaveLength(2);
  });

  it('keeps everything for another connection when the broker is older, and asks it no more', async () => {
    unsent = [outage()];
    answer = () => new ControlRefusedError('not-implemented', 'older');
    keeper.connected();
    await pass(40 * MINUTE_MS);
    expect([asked.length, unsent.length]).toEqual([1, 1]);
    established = {} as Connected;
    answer = () => undefined;
    keeper.connected();
    await pass(2_000);
    expect([asked.length, unsent.length]).toEqual([2, 0]);
  });

  it('gives up the one outage that the broker finds invalid, and no other', async () => {
    unsent = [outage(), outage(), outage()];
    const [, bad] = unsent;
    answer = ({ outages }) =>
      outages.some(({ id }) => id === bad?.id) ? new ControlRefusedError('invalid-request', 'bad') : undefined;
    keeper.connected();
    await pass(10_000);
    expect(asked.map(({ outages }) => outages.length)).toEqual([3, 1, 1, 1]);
    expect(unsent).toEqual([]);
  });

  it('sends nothing without a session, nor once it is closed', async () => {
    unsent = [outage()];
    established = undefined;
    keeper.connected();
    await pass(20 * MINUTE_MS);
    established = {} as Connected;
    keeper.connected();
    keeper.close();
    await pass(20 * MINUTE_MS);
    expect(asked).toEqual([]);
  });
});
