import { AGENT_LIFETIME_MS, notAfterOf, readCertificates } from '@app/pki';
import { temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { agentOf } from '../../../../libs/pki/src/tls/handshake.kit.js';
import { ControlRefusedError } from '../errors.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import { BackOff } from '../tunnel/back-off.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import { RenewalKeeper, type RenewalOutcome } from './renewal.keeper.js';
import { ServerClock } from './server-clock.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the keeper of a certificate', () => {
  let chain: string;
  let startMs: number;
  let steadyMs: number;
  let serverMs: () => number;
  let outcomes: RenewalOutcome[];
  let requests: number;
  let failWith: Error | undefined;
  let isUp: boolean;
  let isAdmitted: boolean;
  let isInterrupted: boolean;
  let next: object | undefined;
  let keeper: RenewalKeeper;

  beforeAll(async () => {
    ({ chain } = await agentOf(await temporaryTree()));
  });

  beforeEach(() => {
    // The wall clock is faked too: nothing may read it.
    jest.useFakeTimers({ now: 0, doNotFake: ['queueMicrotask', 'nextTick'] });
    steadyMs = 7_000;
    const [certificate] = readCertificates(chain);
    if (certificate === undefined) throw new Error('no certificate');
    startMs = notAfterOf(certificate).getTime() - AGENT_LIFETIME_MS;
    serverMs = () => startMs + steadyMs - 7_000;
    [outcomes, requests, failWith, isUp, isAdmitted, next] = [[], 0, undefined, true, true, undefined];
    isInterrupted = false;
    const holder = {
      certificate,
      current: { policy: { renewAt: 0.667 } },
      get next() {
        return next;
      },
      get renewing() {
        return isInterrupted || next !== undefined;
      },
    } as unknown as IdentityHolder;
    const steady = (): number => steadyMs;
    keeper = new RenewalKeeper({
      holder,
      clock: new ServerClock(steady),
      established: () => (isUp ? ({} as Connected) : undefined),
      askClock: () => Promise.resolve(serverMs()),
      request: () => {
        requests += 1;
        isInterrupted = false;
        next = {};
        return failWith === undefined ? Promise.resolve() : ((next = undefined), Promise.reject(failWith));
      },
      replaceLanes: () => {
        if (isAdmitted) next = undefined;
        return Promise.resolve();
      },
      onOutcome: (outcome) => outcomes.push(outcome),
      backOff: new BackOff({ baseMs: 60_000, earlyCapMs: 60_000, earlyMs: 0, capMs: 60_000 }, steady, () => 0.5),
      steady,
    });
  });

  afterEach(() => {
    keeper.close();
    jest.useRealTimers();
  });

  /** Both clocks in steps no longer than the keeper may sleep. */
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= HOUR_MS / 2) {
      steadyMs += Math.min(leftMs, HOUR_MS / 2);
      await jest.advanceTimersByTimeAsync(Math.min(leftMs, HOUR_MS / 2));
    }
  };

  it('renews at two thirds of the life by the cloud’s clock, although this machine’s says 1970', async () => {
    await keeper.refresh(serverMs());
    await pass(AGENT_LIFETIME_MS * 0.667 * 0.89);
    expect(requests).toBe(0);
    await pass(AGENT_LIFETIME_MS * 0.667 * 0.22);
    // The certificate of this test stays the old one: what is always due is done now and then, not in a hot loop.
    expect(requests).toBeGreaterThan(0);
    expect(requests).toBeLessThan(4);
    expect(outcomes[0]).toMatchObject({ code: 'renewed' });
  });

  it('is right about the time again when the machine has slept, because it asks', async () => {
    await keeper.refresh(serverMs());
    const awake = serverMs;
    serverMs = () => awake() + 70 * DAY_MS;
    await pass(HOUR_MS);
    expect(requests).toBeGreaterThan(0);
  });

  it('does not renew early when the cloud’s clock was ahead at first', async () => {
    await keeper.refresh(serverMs() + 50 * DAY_MS);
    await pass(20 * DAY_MS);
    expect(requests).toBe(0);
  });

  it('tries again after a wait, and after no less than it was told', async () => {
    await keeper.refresh(serverMs());
    failWith = new ControlRefusedError('unavailable', 'later', 2 * HOUR_MS);
    await expect(keeper.renewNow()).rejects.toMatchObject({ reason: 'unavailable' });
    serverMs = () => startMs + 80 * DAY_MS;
    await keeper.refresh();
    await pass(1.5 * HOUR_MS);
    expect(requests).toBe(1);
    failWith = undefined;
    await pass(HOUR_MS);
    expect(requests).toBeGreaterThan(1);
    expect(outcomes.slice(0, 2).map(({ code }) => code)).toEqual(['unavailable', 'renewed']);
  });

  it('waits for a session, and looks at once when there is one', async () => {
    await keeper.refresh(serverMs() + 80 * DAY_MS);
    isUp = false;
    await pass(DAY_MS);
    expect(requests).toBe(0);
    isUp = true;
    const before = serverMs();
    await keeper.refresh(before + 80 * DAY_MS);
    serverMs = () => before + 80 * DAY_MS;
    await pass(1_000);
    expect(requests).toBeGreaterThan(0);
  });

  it('asks for no second certificate while one waits to be used', async () => {
    await keeper.refresh(serverMs());
    isAdmitted = false;
    await expect(keeper.renewNow()).rejects.toMatchObject({ code: 'control-failed' });
    isAdmitted = true;
    await keeper.renewNow();
    expect(requests).toBe(1);
    expect(keeper.plan.last).toMatchObject({ code: 'renewed' });
  });

  it('goes on at once with a renewal that was interrupted, also by a failure', async () => {
    isInterrupted = true;
    await keeper.refresh(serverMs());
    isAdmitted = false;
    await pass(1_000);
    expect(outcomes.map(({ code }) => code)).toEqual(['control-failed']);
    isAdmitted = true;
    await pass(120_000);
    expect([requests, outcomes.at(-1)?.code]).toEqual([1, 'renewed']);
  });

  it('does one renewal at a time', async () => {
    await keeper.refresh(serverMs());
    await Promise.all([keeper.renewNow(), keeper.renewNow(), keeper.renewNow()]);
    expect(outcomes).toHaveLength(3);
    expect(requests).toBe(3);
  });
});
