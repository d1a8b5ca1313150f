import { bootMs } from './boot-clock.js';

describe('the clock since the start of the machine', () => {
  it.each([undefined, '/proc/none', '/proc/version'])('goes on, read from %p', async (path) => {
    const before = bootMs(path);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const passed = bootMs(path) - before;
    expect(passed).toBeGreaterThanOrEqual(15);
    expect(passed).toBeLessThan(10_000);
  });
});
