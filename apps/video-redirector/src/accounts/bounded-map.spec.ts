import { BoundedMap } from './bounded-map.js';

describe('BoundedMap', () => {
  it('forgets what was written longest ago when it is full', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    map.set('c', 4);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, undefined, 4, 2]);
  });

  it('drops what is over', () => {
    const map = new BoundedMap<string, number>(9);
    for (const value of [1, 2, 3]) map.set(String(value), value);
    map.drop((value) => value < 3);
    expect([map.size, map.get('3')]).toEqual([1, 3]);
  });
});
