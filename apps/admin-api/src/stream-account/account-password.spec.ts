import { digestSecretOf, unsealDigestSecret } from '@app/contracts';
import { exportJWK, generateKeyPair } from 'jose';
import { AccountPasswords, newUsername } from './account-password.js';

describe('a new password of a stream account', () => {
  it('is 160 random bits in letters and digits, and what is kept of it opens for the redirector alone', async () => {
    const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
    const passwords = new AccountPasswords(await exportJWK(pair.publicKey));
    const [username, own] = [newUsername(), (await exportJWK(pair.privateKey)) as never];
    const { password, sealed } = await passwords.make(username);
    expect(username).toMatch(/^[a-z0-9]{12}$/);
    expect(password).toMatch(/^[A-Za-z0-9]{27}$/);
    expect(sealed.length).toBeLessThan(1_000);
    expect(await unsealDigestSecret(sealed, username, own)).toEqual(digestSecretOf(username, password));
    expect((await passwords.make(username)).password).not.toBe(password);
  });
});
