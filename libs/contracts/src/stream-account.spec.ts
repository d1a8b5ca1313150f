import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { digestSecretOf, sealDigestSecret, unsealDigestSecret } from './stream-account.js';

describe('the secret of a stream account', () => {
  let own: JWK;
  let known: JWK;

  beforeAll(async () => {
    const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
    [own, known] = [await exportJWK(pair.privateKey), await exportJWK(pair.publicKey)];
  });

  it('is H(A1) as RFC 2617 section 3.5 computes it', () => {
    // The example there: Mufasa, testrealm@host.com, Circle Of Life.
    const { md5, sha256 } = digestSecretOf('Mufasa', 'Circle Of Life', 'testrealm@host.com');
    expect(md5).toBe('939e7578ed9e3c518a452acee763bce9');
    expect(sha256).toHaveLength(64);
  });

  it('opens for its own username alone, and does not show in what is kept', async () => {
    const secret = digestSecretOf('one', 'password');
    const sealed = await sealDigestSecret('one', secret, known);
    expect(sealed).not.toContain(secret.md5);
    expect(await unsealDigestSecret(sealed, 'one', own as never)).toEqual(secret);
    await expect(unsealDigestSecret(sealed, 'two', own as never)).rejects.toThrow('another account');
  });
});
