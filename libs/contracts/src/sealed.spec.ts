import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { seal, unseal } from './sealed.js';

const pair = (): { own: JWK; open: JWK } => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { own: privateKey.export({ format: 'jwk' }), open: publicKey.export({ format: 'jwk' }) };
};

describe('a sealed value', () => {
  it('opens with the receiver’s key and shows nothing of the secret on the way', async () => {
    const receiver = pair();
    const sealed = await seal('correct horse', receiver.open);
    expect(sealed).not.toContain('horse');
    expect(await unseal(sealed, receiver.own)).toBe('correct horse');
  });

  it.each(['another app’s key', 'a changed byte', 'garbage'])('does not open with %s', async (how) => {
    const receiver = pair();
    const sealed = await seal('secret', receiver.open);
    const key = how === 'another app’s key' ? pair().own : receiver.own;
    const text = how === 'a changed byte' ? `${sealed.slice(0, -4)}AAAA` : how === 'garbage' ? 'x.y.z' : sealed;
    await expect(unseal(text, key)).rejects.toMatchObject({ code: 'invalid-request' });
  });
});
