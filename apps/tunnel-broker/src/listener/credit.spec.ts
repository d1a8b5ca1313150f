import { Credit } from './credit.js';

describe('credit', () => {
  it('begins full, is used up and comes back with time, up to what it was', () => {
    let now = 0;
    const credit = new Credit({ most: 3, perSecond: 2 }, () => now);
    for (let count = 0; count < 4; count++) credit.take();
    expect(credit.left).toBe(-1);
    now = 1_000;
    expect(credit.left).toBe(1);
    now = 60_000;
    expect(credit.left).toBe(3);
    credit.give(5);
    expect(credit.isFull).toBe(true);
  });

  it('keeps what is left when its rate changes', () => {
    let now = 0;
    const credit = new Credit({ most: 10, perSecond: 1 }, () => now);
    for (let count = 0; count < 8; count++) credit.take();
    credit.change({ most: 4, perSecond: 0 });
    now = 5_000;
    expect(credit.left).toBe(2);
  });
});
