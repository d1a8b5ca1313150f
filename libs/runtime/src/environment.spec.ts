import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { z } from 'zod';
import { parseEnvironment, readSecretFile } from './environment.js';
import { Secret } from './secret.js';

const schema = z.object({
  ADIT_PORT: z.coerce.number().int().min(1).default(5500),
  ADIT_URL: z.string().transform((url) => new Secret(url)),
});

describe('an app’s environment', () => {
  it('is read with its defaults, an empty value counting as none', () => {
    expect(parseEnvironment(schema, { ADIT_URL: 'x', ADIT_PORT: '', HOME: '/' })).toMatchObject({ ADIT_PORT: 5500 });
  });

  it('stops the start at an unknown key of ours, a bad and a missing value, naming each and showing no value', () => {
    const read = (): unknown => parseEnvironment(schema, { ADIT_PORT: 'hunter2', ADIT_PROT: '1' });
    expect(read).toThrow(/ADIT_PROT: unknown key.*ADIT_PORT: .*ADIT_URL: /);
    expect(read).not.toThrow(/hunter2/);
  });
});

describe('a secret', () => {
  it('prints masked in every way a log could print it', () => {
    const secret = new Secret('hunter2');
    for (const text of [String(secret), JSON.stringify({ secret }), inspect({ secret }), `${secret.toString()}`])
      expect(text).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });

  it('is read from a file that only its owner may read', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'adit-')), 'secret');
    writeFileSync(file, 'hunter2\n', { mode: 0o600 });
    expect(readSecretFile(file, 'ADIT_X').reveal()).toBe('hunter2');
    chmodSync(file, 0o644);
    expect(() => readSecretFile(file, 'ADIT_X')).toThrow(/ADIT_X: .* open to others/);
    writeFileSync(file, ' \n');
    chmodSync(file, 0o600);
    expect(() => readSecretFile(file, 'ADIT_X')).toThrow(/ADIT_X: .* empty/);
    expect(() => readSecretFile(`${file}x`, 'ADIT_X')).toThrow(/ADIT_X: cannot read/);
  });
});
