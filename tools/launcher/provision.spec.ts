import { publicKeys } from '@app/contracts';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provision } from './provision.mjs';

describe('the keys of the apps', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'adit-keys-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const files = (): string[] =>
    readdirSync(join(dir, 'secrets'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it('are closed to others, and only to the apps that need them', () => {
    provision(dir);
    const names = files().map((file) => file.slice(join(dir, 'secrets').length + 1));
    expect(names.toSorted()).toEqual([
      'admin-api/field.key',
      'admin-api/seal.jwk',
      'admin-api/ticket.jwk',
      'federation/field.key',
      'federation/seal.jwk',
      'federation/ticket.jwk',
      'keyfile-issuer/ca.kek',
      'keyfile-issuer/seal.jwk',
      'video-redirector/seal.jwk',
      'video-redirector/ticket.jwk',
    ]);
    for (const file of files()) expect({ file, mode: statSync(file).mode & 0o777 }).toEqual({ file, mode: 0o600 });
    for (const app of readdirSync(join(dir, 'secrets'))) {
      expect(statSync(join(dir, 'secrets', app)).mode & 0o777).toBe(0o700);
    }
  });

  it('stay the same at every further start', () => {
    provision(dir);
    const before = files().map((file) => readFileSync(file, 'utf8'));
    provision(dir);
    expect(files().map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  it('have their public parts, and nothing private, in the file that everybody reads', () => {
    const { publicKeysFile, secretsDir } = provision(dir);
    const text = readFileSync(publicKeysFile, 'utf8');
    const keys = publicKeys.parse(JSON.parse(text));
    expect(text).not.toContain('"d"');
    const own = createPrivateKey({
      key: JSON.parse(readFileSync(join(secretsDir('federation'), 'ticket.jwk'), 'utf8')),
      format: 'jwk',
    });
    expect(createPublicKey(own).export({ format: 'jwk' })).toEqual(keys.ticket.federation);
    expect(keys.seal['keyfile-issuer']).toMatchObject({ kty: 'EC', crv: 'P-256' });
  });

  it('are random', () => {
    const fieldKey = (): string =>
      readFileSync(join(provision(dir).secretsDir('federation'), 'field.key'), 'utf8').trim();
    const first = fieldKey();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    rmSync(join(dir, 'secrets'), { recursive: true });
    expect(fieldKey()).not.toBe(first);
  });
});
