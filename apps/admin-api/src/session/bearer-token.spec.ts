import { isApiToken, newApiToken, newToken, tokenOf } from './bearer-token.js';

describe('a bearer token', () => {
  it('is read from its header in one form only', () => {
    const token = newToken();
    expect(tokenOf(`Bearer ${token}`)).toBe(token);
    expect(tokenOf(`bearer ${token}`)).toBe(token);
    const others = [
      undefined,
      '',
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Bearer  ${token}`,
    ];
    expect(others.map(tokenOf)).toEqual(others.map(() => undefined));
  });

  it('of a program begins so that a scanner finds it, and is never taken for a session', () => {
    const token = newApiToken();
    expect(token).toMatch(/^adit_[A-Za-z0-9_-]{43}$/);
    expect(tokenOf(`Bearer ${token}`)).toBe(token);
    expect([isApiToken(token), isApiToken(newToken()), isApiToken(`adit_${'x'.repeat(38)}`)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
