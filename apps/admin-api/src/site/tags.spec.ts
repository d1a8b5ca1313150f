import { parseTagSelector } from './tags.js';

const code = (selector: string): string | undefined => {
  try {
    parseTagSelector(selector);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a tag selector', () => {
  it('is a list of conditions', () => {
    expect(parseTagSelector('region=north, tier!=gold,critical,!retired,empty=')).toEqual([
      { key: 'region', test: 'is', value: 'north' },
      { key: 'tier', test: 'is-not', value: 'gold' },
      { key: 'critical', test: 'exists', value: '' },
      { key: 'retired', test: 'missing', value: '' },
      { key: 'empty', test: 'is', value: '' },
    ]);
    expect(parseTagSelector('owner=Müller & Söhne=1')).toEqual([
      { key: 'owner', test: 'is', value: 'Müller & Söhne=1' },
    ]);
  });

  it.each([
    '',
    ',',
    'a,',
    '=x',
    '!',
    '!a=b',
    'Region=north',
    'a b=c',
    'a==',
    `${'a'.repeat(64)}=x`,
    `a=${'x'.repeat(101)}`,
  ])('is refused: %j', (selector) => expect(code(selector)).toBe(selector === 'a==' ? undefined : 'invalid-request'));

  it('has 16 conditions at most', () => {
    expect(code(Array.from({ length: 16 }, (_, n) => `k${n}`).join())).toBeUndefined();
    expect(code(Array.from({ length: 17 }, (_, n) => `k${n}`).join())).toBe('invalid-request');
  });
});
