import { randomBytes } from 'node:crypto';
import { FieldVault } from './field-vault.js';

describe('a secret in a row', () => {
  const vault = new FieldVault(randomBytes(32));
  const owner = { tenantId: 'tenant', field: 'webhook.secret', rowId: 'row' };
  const secret = randomBytes(32);

  it('opens at its place, and is another text each time', () => {
    const stored = vault.close(secret, owner);
    expect(vault.open(stored, owner)).toEqual(secret);
    expect(vault.close(secret, owner)).not.toEqual(stored);
    expect(stored.includes(secret)).toBe(false);
  });

  it.each([
    ['another tenant', { ...owner, tenantId: 'other' }],
    ['another row', { ...owner, rowId: 'other' }],
    ['another column', { ...owner, field: 'other' }],
  ])('does not open for %s', (_name, other) => {
    expect(() => vault.open(vault.close(secret, owner), other)).toThrow('does not open');
  });

  it('does not open when it was changed, cut or written under another key', () => {
    const stored = vault.close(secret, owner);
    for (const at of [0, 12, 28, stored.length - 1]) {
      const changed = Buffer.from(stored);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => vault.open(changed, owner)).toThrow('does not open');
    }
    for (const length of [0, 11, 27])
      expect(() => vault.open(stored.subarray(0, length), owner)).toThrow('does not open');
    expect(() => new FieldVault(randomBytes(32)).open(stored, owner)).toThrow('does not open');
  });

  it('digests the same parts to the same under one key, and to something else under another', () => {
    expect(vault.digest('key', 'a')).toEqual(vault.digest('key', 'a'));
    expect(vault.digest('key', 'a')).toHaveLength(32);
    expect(vault.digest('key', 'a')).not.toEqual(vault.digest('keya', ''));
    expect(vault.digest('key', 'a')).not.toEqual(new FieldVault(randomBytes(32)).digest('key', 'a'));
  });
});
