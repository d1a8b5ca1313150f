import argon2 from 'argon2';
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
    const begun: unknown[] = [];
    const real = argon2.verify;
    const verify = jest.spyOn(argon2, 'verify').mockImplementation((digest, password) => {
      begun.push(password);
      return real(digest, password);
    });
    const flood = Array.from({ length: STRANGERS }, () => kept(hasher.matches('wrong', stored, false)));
    const owners = ['the right password', 'another of his'].map((given) => hasher.matches(given, stored, true));
    const entered = (await Promise.all(flood)).filter(Boolean).length;
    expect(await Promise.all(owners)).toEqual([true, false]);
    verify.mockRestore();
    // Two are at work when they come; the places that they take are those of the last strangers who wait.
    expect(begun.slice(0, 4)).toEqual(['wrong', 'wrong', 'the right password', 'another of his']);
    expect([entered, begun.length]).toEqual([16, 18]);
  });
});
