import { MulticastPool } from './multicast-pool.js';

describe('the pool of group addresses', () => {
  it('gives each address once and takes a returned one last', () => {
    const pool = new MulticastPool('239.192.7.0/30');
    expect([pool.take(), pool.take()]).toEqual(['239.192.7.0', '239.192.7.1']);
    pool.giveBack('239.192.7.0');
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['239.192.7.2', '239.192.7.3', '239.192.7.0']);
    expect(pool.take()).toBeUndefined();
  });

  it.each(['10.0.0.0/24', '239.192.7.1/24', '239.192.7.0', '239.0.0.0/4', 'ff02::/16', '224.0.0.0/33'])(
    'refuses %s',
    (cidr) => {
      expect(() => new MulticastPool(cidr)).toThrow(RangeError);
    },
  );
});
