import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { seal } from '@app/contracts';
import { PasswordVault } from './password-vault.js';

type Jwk = JsonWebKey & { kty: string };

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privateJwk = pair.privateKey.export({ format: 'jwk' }) as Jwk;
const publicJwk = pair.publicKey.export({ format: 'jwk' }) as Jwk;
const owner = { tenantId: 't', roleId: 'r' };

describe('PasswordVault', () => {
  const vault = new PasswordVault(randomBytes(32), privateJwk);

  it('takes a sealed password and opens it again for its row', async () => {
    const stored = await vault.receive(await seal('pässword', publicJwk), owner);
    expect(stored.includes('pässword')).toBe(false);
    expect(vault.open(stored, owner)).toBe('pässword');
  });

  it('never stores the same bytes twice', () => {
    expect(vault.close('a', owner).equals(vault.close('a', owner))).toBe(false);
  });

  it('does not open a value of another role, tenant or key, nor a changed one', () => {
    const stored = vault.close('secret', owner);
    const internal = expect.objectContaining({ code: 'internal' });
    expect(() => vault.open(stored, { ...owner, roleId: 'other' })).toThrow(internal);
    expect(() => vault.open(stored, { ...owner, tenantId: 'other' })).toThrow(internal);
    expect(() => new PasswordVault(randomBytes(32), privateJwk).open(stored, owner)).toThrow(internal);
    for (let i = 0; i < stored.length; i++) {
      const changed = Buffer.from(stored);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => vault.open(changed, owner)).toThrow(internal);
    }
    expect(() => vault.open(stored.subarray(0, 20), owner)).toThrow(internal);
  });

  it('refuses what was not sealed to it, and an empty password', async () => {
    await expect(vault.receive('nonsense', owner)).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(vault.receive(await seal('', publicJwk), owner)).rejects.toMatchObject({ code: 'invalid-request' });
  });
});
