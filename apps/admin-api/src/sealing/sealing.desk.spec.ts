import { SealingDesk } from './sealing.desk.js';

jest.mock('@app/pki', () => {
  const original = jest.requireActual<typeof import('@app/pki')>('@app/pki');
  return { ...original, deriveSealingKey: jest.fn() };
});
const { deriveSealingKey } = jest.requireMock<{ deriveSealingKey: jest.Mock }>('@app/pki');

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe('the sealing desk', () => {
  it('derives two keys at a time, lets 8 wait, and has a place again after a failure', async () => {
    let running = 0;
    let most = 0;
    let count = 0;
    deriveSealingKey.mockImplementation(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      count += 1;
      if (count % 3 === 0) throw new Error('broken');
      return { salt: Buffer.alloc(16), key: Buffer.alloc(32) };
    });
    const desk = new SealingDesk();
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => desk.keyFrom('a passphrase')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(most).toBe(2);
    expect(count).toBe(10);
    expect(refused.filter(({ reason }) => codeOf(reason) === 'unavailable')).toHaveLength(2);
    await expect(desk.keyFrom('a passphrase')).resolves.toMatchObject({ key: Buffer.alloc(32) });
  });
});
