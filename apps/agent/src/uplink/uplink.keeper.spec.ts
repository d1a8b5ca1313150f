import { UplinkKeeper, type PolicySource } from './uplink.keeper.js';
import { type UplinkPolicy, uplinkPolicy } from './uplink.policy.js';

const SCHEDULED = uplinkPolicy.parse({
  limit: '10 Mbit/s',
  schedule: [{ from: '08:00', to: '18:00', limit: '4 Mbit/s' }],
});

describe('UplinkKeeper', () => {
  let now = new Date(2026, 10, 2, 7, 59, 59);
  let told: string[] = [];
  let errors: unknown[] = [];
  let keeper: UplinkKeeper;

  const begin = (policy: UplinkPolicy, source?: PolicySource): void => {
    [now, told, errors] = [new Date(2026, 10, 2, 7, 59, 59), [], []];
    keeper = new UplinkKeeper({
      policy,
      source,
      now: () => now,
      onChange: (limit) => told.push(limit),
      onError: (error) => errors.push(error),
    });
    keeper.start();
  };

  afterEach(() => keeper.close());

  it('changes the one cap of all sessions when the schedule does, and tells', async () => {
    begin(SCHEDULED);
    const { cap } = keeper;
    expect(cap.bytesPerSecond).toBe(1_250_000);
    now = new Date(2026, 10, 2, 8);
    await keeper.check();
    await keeper.check();
    expect(cap.bytesPerSecond).toBe(500_000);
    now = new Date(2026, 10, 2, 18);
    await keeper.check();
    expect(keeper.cap).toBe(cap);
    expect(told).toEqual(['10 Mbit/s', '4 Mbit/s', '10 Mbit/s']);
  });

  it('takes a policy that was written while it runs, once it is whole', async () => {
    let [version, policy] = ['1', SCHEDULED];
    begin(SCHEDULED, { version: () => Promise.resolve(version), read: () => Promise.resolve(policy) });
    await keeper.check();
    await keeper.check();
    [version, policy] = ['2', uplinkPolicy.parse({})];
    await keeper.check();
    expect(told).toEqual(['10 Mbit/s']);
    await keeper.check();
    expect(told).toEqual(['10 Mbit/s', 'unlimited']);
    expect(keeper.cap.bytesPerSecond).toBeUndefined();
  });

  it('keeps what holds when the new policy is not one, and says so once', async () => {
    const source = { version: () => Promise.resolve('2'), read: () => Promise.reject(new Error('uplink.limit')) };
    begin(SCHEDULED, source);
    for (let check = 0; check < 4; check += 1) await keeper.check();
    expect(errors).toEqual([new Error('uplink.limit')]);
    expect(keeper.limit.bitsPerSecond).toBe(10e6);
  });

  it('takes a policy that could not be read at first, as when there are too many open files', async () => {
    let tooMany = true;
    const read = () => (tooMany ? Promise.reject(new Error('EMFILE')) : Promise.resolve(uplinkPolicy.parse({})));
    begin(SCHEDULED, { version: () => Promise.resolve('2'), read });
    for (let check = 0; check < 3; check += 1) await keeper.check();
    expect(told).toEqual(['10 Mbit/s']);
    tooMany = false;
    await keeper.check();
    expect(told).toEqual(['10 Mbit/s', 'unlimited']);
    expect(errors).toEqual([new Error('EMFILE')]);
  });
});
