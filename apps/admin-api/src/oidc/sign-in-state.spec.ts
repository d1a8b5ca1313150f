import { randomBytes } from 'node:crypto';
import { openState, ownPath, sealState, STATE_SECONDS } from './sign-in-state.js';

const KEY = randomBytes(32);
const NOW = new Date('2026-01-01T00:00:00Z');
const STATE = { state: 's', nonce: 'n', codeVerifier: 'v', returnTo: '/console' };
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000);

describe('the state of a sign-in at the provider', () => {
  it('comes back as it went, and cannot be read in between', async () => {
    const sealed = await sealState(STATE, KEY, NOW);
    expect(await openState(sealed, KEY, later(STATE_SECONDS - 1))).toEqual(STATE);
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('/console');
  });

  it('is over after ten minutes', async () => {
    expect(await openState(await sealState(STATE, KEY, NOW), KEY, later(STATE_SECONDS + 1))).toBeUndefined();
  });

  it('is not taken when it was changed, cut or sealed by another key', async () => {
    const sealed = await sealState(STATE, KEY, NOW);
    const parts = sealed.split('.');
    const changed = [...parts.slice(0, 3), `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`, parts[4]];
    const others = [
      '',
      '.',
      'a.b.c.d.e',
      sealed.slice(0, -4),
      changed.join('.'),
      await sealState(STATE, randomBytes(32), NOW),
    ];
    for (const other of others) expect(await openState(other, KEY, NOW)).toBeUndefined();
  });
});

describe('where the browser goes afterwards', () => {
  it.each(['/', '/console/', '/console/sites?x=1#y'])('is %s', (path) => {
    expect(ownPath(path)).toBe(path);
  });

  it.each([
    undefined,
    '',
    'console',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/a\r\nX: y',
    '/ä',
    `/${'x'.repeat(600)}`,
  ])('is not %j', (path) => {
    expect(ownPath(path)).toBe('/');
  });
});
