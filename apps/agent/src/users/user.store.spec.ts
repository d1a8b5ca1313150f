import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateDirectory } from '../state/state-directory.js';
import { UsersBusyError } from './busy-error.js';
import { PasswordCache } from './password-cache.js';
import { USERS_FILE, UserStore } from './user.store.js';

describe('UserStore', () => {
  let state: StateDirectory;
  let store: UserStore;

  beforeEach(async () => {
    const path = mkdtempSync(join(tmpdir(), 'adit-users-'));
    state = await StateDirectory.create({ path, ephemeral: true });
    store = new UserStore(state);
  });

  afterEach(() => rmSync(state.path, { recursive: true }));

  it('makes an account with a password of its own, and keeps only the argon2id hash of it', async () => {
    const password = await store.add('federation');
    expect(password).toHaveLength(24);
    expect(await store.verify('federation', password)).toMatchObject({ name: expect.any(String) });
    const kept = readFileSync(state.file(USERS_FILE), 'utf8');
    expect(kept).toContain('$argon2id$');
    expect(kept).not.toContain(password);
  });

  it('says no to wrong passwords, unknown names and endless passwords', async () => {
    const password = await store.add('federation');
    expect(await store.verify('federation', `${password}x`)).toBeUndefined();
    expect(await store.verify('Federation', password)).toBeUndefined();
    expect(await store.verify('nobody', password)).toBeUndefined();
    expect(await store.verify('federation', 'x'.repeat(10_000))).toBeUndefined();
  });

  it('answers an unknown name no faster than a wrong password', async () => {
    await store.add('federation');
    await store.verify('nobody', 'the decoy is made first');
    // In turns, and the least of each: what else the machine does slows one or the other down.
    const least: Record<string, number> = {};
    for (let run = 0; run < 8; run += 1) {
      for (const name of ['federation', 'nobody']) {
        const began = performance.now();
        await store.verify(name, `wrong password ${run}`);
        least[name] = Math.min(least[name] ?? Infinity, performance.now() - began);
      }
    }
    expect(least['nobody']).toBeGreaterThan((least['federation'] ?? 0) * 0.5);
  });

  it('sees what another process changes, a remembered password included', async () => {
    const first = await store.add('federation');
    expect(await store.verify('federation', first)).toMatchObject({ name: expect.any(String) });
    const second = await new UserStore(state).add('federation', 'another password');
    expect(await store.verify('federation', first)).toBeUndefined();
    expect(await store.verify('federation', second)).toMatchObject({ name: expect.any(String) });
    expect(await store.names()).toEqual(['federation']);
  });

  it('keeps the others when one is replaced', async () => {
    const other = await store.add('other');
    await store.add('federation');
    await store.add('federation');
    expect((await store.names()).toSorted()).toEqual(['federation', 'other']);
    expect(await store.verify('other', other)).toMatchObject({ name: expect.any(String) });
  });

  it('gives the least right that is of use, and what is named', async () => {
    await store.add('least');
    expect(await store.find('least')).toMatchObject({ rights: { allow: ['live'], level: 1 } });
    const password = await store.add('guard', undefined, { allow: ['live', 'ptz'], areas: ['hall'], level: 100 });
    const before = await store.verify('guard', password);
    expect(before).toMatchObject({ rights: { allow: ['live', 'ptz'], areas: ['hall'], level: 100 } });
    await store.allow('guard', { allow: [], level: 254 });
    const after = await store.verify('guard', password);
    expect(after).toMatchObject({ rights: { allow: [], level: 254 } });
    expect(after?.rights.areas).toBeUndefined();
    expect(after?.mark).not.toBe(before?.mark);
    expect(after?.credential).toBe(before?.credential);
    await store.setPassword('guard');
    expect((await store.find('guard'))?.credential).not.toBe(after?.credential);
  });

  it('replaces a password without touching the rights, and removes accounts', async () => {
    const first = await store.add('guard', undefined, { allow: ['ptz'], level: 9 });
    const second = await store.setPassword('guard');
    expect(await store.verify('guard', first)).toBeUndefined();
    expect(await store.verify('guard', second)).toMatchObject({ rights: { allow: ['ptz'], level: 9 } });
    await store.remove('guard');
    expect(await store.verify('guard', second)).toBeUndefined();
    const unknown = { code: 'user-unknown' };
    await expect(store.remove('guard')).rejects.toMatchObject(unknown);
    await expect(store.setPassword('guard')).rejects.toMatchObject(unknown);
    await expect(store.allow('guard', { allow: [], level: 1 })).rejects.toMatchObject(unknown);
  });

  it('reads accounts of version 1 with what they could do, and writes version 2', async () => {
    const password = await store.add('old');
    const { users } = JSON.parse(readFileSync(state.file(USERS_FILE), 'utf8')) as { users: Record<string, unknown>[] };
    const [{ name, hash, createdAt } = {}] = users;
    await state.writeJson(USERS_FILE, { v: 1, users: [{ name, hash, createdAt }] });
    expect(await store.verify('old', password)).toMatchObject({ rights: { allow: ['live', 'playback'], level: 1 } });
    await store.add('new');
    expect(JSON.parse(readFileSync(state.file(USERS_FILE), 'utf8'))).toMatchObject({
      v: 2,
      users: [
        { name: 'old', allow: ['live', 'playback'] },
        { name: 'new', allow: ['live'] },
      ],
    });
  });

  it('limits what guessing may cost', async () => {
    await store.add('federation');
    const guesses = Array.from({ length: 60 }, (_value, index) => store.verify('federation', `guess number ${index}`));
    const answers = await Promise.allSettled(guesses);
    const looked = answers.filter(({ status }) => status === 'fulfilled');
    // Who is not looked at is not told that the password is wrong: it may be the host.
    expect(looked).toEqual(Array(34).fill({ status: 'fulfilled', value: undefined }));
    expect(answers).toContainEqual({ status: 'rejected', reason: new UsersBusyError() });
  });

  it.each([
    ['', undefined],
    ['a:b', undefined],
    ['-a', undefined],
    ['a'.repeat(65), undefined],
    ['federation', 'short'],
    ['federation', 'x'.repeat(300)],
  ])('refuses the name "%s" with the password %s', async (name, password) => {
    await expect(store.add(name, password)).rejects.toMatchObject({ code: 'user-invalid' });
  });
});

describe('PasswordCache', () => {
  let now = 0;

  it('forgets after its lifetime, and for another hash at once', () => {
    const cache = new PasswordCache(1_000, 10, () => now);
    cache.add('a', 'password', 'hash');
    expect(cache.has('a', 'password', 'hash')).toBe(true);
    expect(cache.has('a', 'password', 'new hash')).toBe(false);
    expect(cache.has('ap', 'assword', 'hash')).toBe(false);
    now = 1_000;
    expect(cache.has('a', 'password', 'hash')).toBe(false);
  });

  it('forgets the oldest when it is full', () => {
    const cache = new PasswordCache(1_000, 2, () => now);
    for (const name of ['a', 'b', 'c']) cache.add(name, 'password', 'hash');
    expect(['a', 'b', 'c'].map((name) => cache.has(name, 'password', 'hash'))).toEqual([false, true, true]);
  });
});
