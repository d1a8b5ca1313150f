import { TicketMemory } from './ticket-memory.js';

describe('TicketMemory', () => {
  it('knows who has used a ticket until it expires or is forgotten', () => {
    let now = 0;
    const memory = new TicketMemory(() => now);
    memory.remember('a', { address: '192.0.2.1', expiresAt: 10 });
    memory.remember('b', { address: '192.0.2.2', expiresAt: 10 });
    expect(memory.addressOf('a')).toBe('192.0.2.1');
    memory.forget('a');
    expect(memory.addressOf('a')).toBeUndefined();
    now = 10;
    expect(memory.addressOf('b')).toBeUndefined();
    expect(memory.addressOf('unheard-of')).toBeUndefined();
  });

  it('forgets the one that was used the longest ago when it is full', () => {
    const memory = new TicketMemory(() => 0, 2);
    for (const id of ['a', 'b', 'a', 'c']) memory.remember(id, { address: id, expiresAt: 10 });
    expect(['a', 'b', 'c'].map((id) => memory.addressOf(id))).toEqual(['a', undefined, 'c']);
  });
});
