import { FailureLimit, networkOf } from './failure-limit.js';

describe('FailureLimit', () => {
  let now: number;
  let limit: FailureLimit;
  beforeEach(() => {
    now = 0;
    limit = new FailureLimit(() => now);
  });

  const fail = (count: number, address: string, name: (at: number) => string): void => {
    for (let at = 0; at < count; at++) limit.begin(address, name(at));
  };
  const limited = expect.objectContaining({ code: 'rate-limited', options: { retryAfterMs: 2_000 } });

  it('lets 100 wrong answers for a name from one network pass, then one every two seconds', () => {
    fail(100, '192.0.2.1', () => 'name');
    expect(() => limit.begin('192.0.2.1', 'name')).toThrow(limited);
    now = 2_000;
    limit.begin('192.0.2.1', 'name');
    expect(() => limit.begin('192.0.2.1', 'name')).toThrow(limited);
  });

  it('counts all names of a network together', () => {
    fail(300, '192.0.2.1', (at) => `name${at}`);
    expect(() => limit.begin('192.0.2.1', 'another')).toThrow(expect.objectContaining({ code: 'rate-limited' }));
    limit.begin('192.0.2.2', 'another');
  });

  it('counts an IPv6 /64 as one', () => {
    fail(100, '2001:db8::1', () => 'name');
    expect(() => limit.begin('2001:db8::2', 'name')).toThrow(limited);
    limit.begin('2001:db8:0:1::2', 'name');
  });

  it('keeps no owner out for what others do with his name elsewhere, or his neighbours with theirs', () => {
    limit.begin('192.0.2.1', 'owner').succeeded();
    fail(100, '192.0.2.9', () => 'owner');
    fail(299, '192.0.2.1', (at) => `name${at}`);
    limit.begin('192.0.2.1', 'owner').succeeded();
    now = 3_600_001;
    fail(300, '192.0.2.1', (at) => `name${at}`);
    expect(() => limit.begin('192.0.2.1', 'owner')).toThrow(expect.objectContaining({ code: 'rate-limited' }));
  });

  it('takes no right answer, and none that was not judged, for a wrong one', () => {
    for (let at = 0; at < 1_000; at++) limit.begin('192.0.2.1', 'a').succeeded();
    for (let at = 0; at < 1_000; at++) limit.begin('192.0.2.2', 'b').takeBack();
    fail(100, '192.0.2.2', () => 'b');
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    ['no address', 'no address'],
  ])('takes %s for %s', (address, network) => expect(networkOf(address)).toBe(network));
});
