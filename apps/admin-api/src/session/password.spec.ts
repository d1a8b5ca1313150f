import { PasswordHasher } from './password.js';

const STRANGERS = 30;
const kept = async (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

describe('comparing passwords', () => {
  it('refuses strangers beyond its queue, and goes on', async () => {
    const hasher = new PasswordHasher();
    const stored = await hasher.hash('the right password');
    const flood = await Promise.all(
      Array.from({ length: STRANGERS }, () => kept(hasher.matches('wrong', stored, false))),
    );
    expect(flood).toContain(false);
    expect(await hasher.matches('the right password', stored, false)).toBe(true);
  });

  it('lets who goes first past a queue that is full, in the order of coming', async () => {
    const hasher = new PasswordHasher();
    const stored = await hasher.hash('the right password');
    const done: string[] = [];
    const flood = Array.from({ length: STRANGERS }, () =>
      kept(hasher.matches('wrong', stored, false).finally(() => done.push('stranger'))),
    );
    await new Promise(setImmediate);
    const refused = done.length;
    const owners = ['one', 'two'].map((name) =>
      hasher.matches('the right password', stored, true).then((equal) => done.push(`${name} ${equal}`)),
    );
    await Promise.all([...flood, ...owners]);
    const places = [done.indexOf('one true'), done.indexOf('two true')];
    // Before the first of them: the two whose places they took, and those at work; behind the queue it would be all who wait.
    expect(Math.min(...places)).toBeLessThanOrEqual(refused + 8);
    expect(places.every((place) => place >= 0)).toBe(true);
  });
});
