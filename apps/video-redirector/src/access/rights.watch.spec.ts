import { RightsWatch, type RightsRegister, type WatchedRight } from './rights.watch.js';

const LOOK_MS = 3_000;

describe('RightsWatch', () => {
  let over: Set<string>;
  let isAway: boolean;
  let asked: string[][];
  let watch: RightsWatch;
  const register: RightsRegister = {
    revoked: (ids) => {
      asked.push([...ids]);
      return isAway ? Promise.reject(new Error('away')) : Promise.resolve(ids.filter((id) => over.has(id)));
    },
  };
  const right = (id: string, more: Partial<WatchedRight> = {}): WatchedRight => ({
    id,
    until: Infinity,
    endsThen: false,
    ...more,
  });

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    [over, isAway, asked] = [new Set(), false, []];
    watch = new RightsWatch({ debug: () => undefined } as never);
    watch.onApplicationBootstrap();
  });
  afterEach(() => {
    watch.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('ends what is watched under a right within seconds of its revocation, and nothing else', async () => {
    const [one, other] = [watch.ended(register, right('one')), watch.ended(register, right('other'))];
    expect(watch.ended(register, right('one'))).toBe(one);
    over.add('one');
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect([one.aborted, other.aborted]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect(asked).toEqual([['one', 'other'], ['other']]);
  });

  it('ends nothing while nobody knows, and catches up', async () => {
    const signal = watch.ended(register, right('one'));
    over.add('one');
    isAway = true;
    await jest.advanceTimersByTimeAsync(3 * LOOK_MS);
    expect(signal.aborted).toBe(false);
    isAway = false;
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect(signal.aborted).toBe(true);
  });

  it('ends a right at its time, also while nobody knows, where the right says so', async () => {
    isAway = true;
    const account = watch.ended(register, right('account', { until: 1_000, endsThen: true }));
    const ticket = watch.ended(register, right('ticket', { until: 1_000 }));
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect([account.aborted, ticket.aborted]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect(asked.flat()).toEqual([]);
  });

  it('asks for a thousand at a time', async () => {
    for (let at = 0; at < 2_500; at++) watch.ended(register, right(String(at)));
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    expect(asked.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  });
});
