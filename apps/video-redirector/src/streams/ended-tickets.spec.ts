import { EndedTickets } from './ended-tickets.js';

describe('tickets whose streams were ended', () => {
  it('are held for half a minute, each by itself', () => {
    let now = 0;
    const ended = new EndedTickets(() => now);
    ended.note('a');
    now = 20_000;
    ended.note('b');
    expect([ended.has('a'), ended.has('b'), ended.has('c')]).toEqual([true, true, false]);
    now = 30_000;
    expect([ended.has('a'), ended.has('b')]).toEqual([false, true]);
  });

  it('are remembered up to a limit, the newest ones', () => {
    const ended = new EndedTickets(() => 0);
    for (let n = 0; n <= 10_000; n += 1) ended.note(String(n));
    expect([ended.has('0'), ended.has('1'), ended.has('10000')]).toEqual([false, true, true]);
  });
});
