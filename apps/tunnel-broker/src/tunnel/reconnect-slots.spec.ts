import { reconnectSlots } from './reconnect-slots.js';

describe('the slots in which agents dial again', () => {
  it('come one after the other, 5 ms apart, from now on when there is another broker', () => {
    expect(reconnectSlots(4, 20_000, true)).toEqual([0, 5, 10, 15]);
  });

  it('leave the next process of this broker time to listen when there is no other', () => {
    expect(reconnectSlots(2, 800, false)).toEqual([500, 505]);
  });

  it('are all in the first quarter of the deadline, however many agents there are', () => {
    const slots = reconnectSlots(10_000, 20_000, true);
    expect([slots[0], slots.at(-1)]).toEqual([0, 5_000]);
    expect(reconnectSlots(0, 20_000, true)).toEqual([]);
  });
});
