import { isSameFingerprint, keyfileFingerprint } from './fingerprint.js';

const KEYFILE = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

describe('keyfile fingerprint', () => {
  it('has three groups that can be read out', () => {
    expect(keyfileFingerprint('root', KEYFILE)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
  });

  it('is another one for another root or another keyfile', () => {
    const fingerprint = keyfileFingerprint('root', KEYFILE);
    expect(keyfileFingerprint('r00t', KEYFILE)).not.toBe(fingerprint);
    expect(keyfileFingerprint('root', KEYFILE.replace('7', '8'))).not.toBe(fingerprint);
  });

  it('is recognised however a person types it', () => {
    expect(isSameFingerprint('abco 1il2 3456', 'ABC0-1112-3456')).toBe(true);
    expect(isSameFingerprint('ABC0-1112-3457', 'ABC0-1112-3456')).toBe(false);
  });
});
