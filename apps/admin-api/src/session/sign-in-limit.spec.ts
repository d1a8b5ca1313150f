import { SignInLimit } from './sign-in-limit.js';

const limitAt = (clock: { now: number }, maxEntries = 100): SignInLimit =>
  new SignInLimit({
    now: () => clock.now,
    freePerName: 2,
    freePerAddress: 4,
    firstWaitMs: 1_000,
    maxWaitMs: 4_000,
    forgetAfterMs: 60_000,
    maxEntries,
  });

const waitOf = (limit: SignInLimit, address: string, name: string): number => {
  try {
    limit.check(address, name);
    return 0;
  } catch (error) {
    return (error as { options: { retryAfterMs: number } }).options.retryAfterMs;
  }
};

describe('the sign-in limit', () => {
  it('lets the first failures pass and then doubles the wait up to its cap', () => {
    const clock = { now: 0 };
    const limit = limitAt(clock);
    const waits = Array.from({ length: 6 }, () => {
      limit.failed('192.0.2.1', 'admin');
      const wait = waitOf(limit, '192.0.2.1', 'admin');
      clock.now += wait;
      return wait;
    });
    expect(waits).toEqual([0, 0, 1_000, 2_000, 4_000, 4_000]);
  });

  it('does not make another address wait for the same name', () => {
    const limit = limitAt({ now: 0 });
    for (let attempt = 0; attempt < 4; attempt += 1) limit.failed('192.0.2.1', 'admin');
    expect(waitOf(limit, '192.0.2.2', 'admin')).toBe(0);
  });

  it('makes one address wait that tries many names', () => {
    const limit = limitAt({ now: 0 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) limit.failed('192.0.2.1', name);
    expect(waitOf(limit, '192.0.2.1', 'f')).toBe(1_000);
  });

  it('counts upper and lower case, and all addresses of one IPv6 /64, as one', () => {
    const limit = limitAt({ now: 0 });
    for (const last of ['1', '2', '3']) limit.failed(`2001:db8::${last}`, 'Admin');
    expect(waitOf(limit, '2001:db8:0:0:ffff::9', 'admin')).toBe(1_000);
    expect(waitOf(limit, '2001:db8:0:1::9', 'admin')).toBe(0);
  });

  it('forgets a name after a success and failures after a while', () => {
    const clock = { now: 0 };
    const limit = limitAt(clock);
    for (let attempt = 0; attempt < 3; attempt += 1) limit.failed('192.0.2.1', 'admin');
    limit.succeeded('192.0.2.1', 'admin');
    expect(waitOf(limit, '192.0.2.1', 'admin')).toBe(0);
    for (let attempt = 0; attempt < 2; attempt += 1) limit.failed('192.0.2.9', 'admin');
    clock.now += 60_000;
    limit.failed('192.0.2.9', 'admin');
    expect(waitOf(limit, '192.0.2.9', 'admin')).toBe(0);
  });

  it('stays bounded under a flood of names', () => {
    const limit = limitAt({ now: 0 }, 10);
    for (let name = 0; name < 1_000; name += 1) limit.failed('192.0.2.1', String(name));
    expect(limit.size).toBe(10);
  });
});
