import fc from 'fast-check';
import { PkiError } from '../errors.js';
import { decodeKeyfile } from './decode.js';
import { encodeKeyfile } from './encode.js';
import { KEYFILE_MAX_BYTES, SEALED_KEYFILE_MAX_BYTES } from './format.js';
import { keyfileContent, temporaryTree } from './keyfile.kit.js';
import {
  deriveSealingKey,
  openSealedKeyfile,
  openWithKey,
  readSealedKeyfile,
  sealKeyfile,
  type SealedKeyfile,
  type SealingKey,
} from './sealed.js';

const PASSPHRASE = 'Müller hat 3 Kühe';

let text: string;
let key: SealingKey;
let sealed: string;

beforeAll(async () => {
  const tree = await temporaryTree();
  text = await encodeKeyfile(await keyfileContent(tree), tree.keyfileSigning);
  key = await deriveSealingKey(PASSPHRASE);
  sealed = sealKeyfile(text, key);
});

const read = (input: string | Uint8Array): SealedKeyfile => {
  const found = readSealedKeyfile(typeof input === 'string' ? Buffer.from(input) : input);
  if (found === undefined) throw new Error('not sealed');
  return found;
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof PkiError ? error.code : String(error);
  }
};

const edited = (edit: (document: Record<string, Record<string, unknown>>) => void): string => {
  const document = JSON.parse(sealed) as Record<string, Record<string, unknown>>;
  edit(document);
  return JSON.stringify(document);
};

describe('a sealed keyfile', () => {
  it('opens with its passphrase to the very bytes that were sealed, however the passphrase was typed', async () => {
    for (const typed of [PASSPHRASE, PASSPHRASE.normalize('NFD')]) {
      const bytes = await openSealedKeyfile(read(sealed), typed);
      expect(bytes.toString()).toBe(text);
      expect(() => decodeKeyfile(bytes, { now: new Date() })).not.toThrow();
    }
  });

  it('shows its id and end without the passphrase, and no secret, name or place', () => {
    const { keyfileId, expiresAt, siteName, tenantId, token } = JSON.parse(text) as Record<string, string>;
    expect(read(sealed)).toMatchObject({ keyfileId, expiresAt });
    for (const inner of [siteName, tenantId, token, '127.0.0.1', 'BEGIN']) expect(sealed).not.toContain(inner);
    expect(codeOf(() => decodeKeyfile(Buffer.from(sealed), { now: new Date() }))).toBe('keyfile-sealed');
  });

  it('has a nonce of its own although one key seals many', () => {
    const again = read(sealKeyfile(text, key));
    expect(again.enc.salt).toBe(read(sealed).enc.salt);
    expect(again.enc.nonce).not.toBe(read(sealed).enc.nonce);
  });

  it('has one answer to a wrong passphrase and to damage', async () => {
    await expect(openSealedKeyfile(read(sealed), 'another passphrase')).rejects.toMatchObject({
      code: 'keyfile-not-opened',
    });
    const changes: [string, (d: Record<string, unknown>) => void][] = [
      ['id', (d) => (d['keyfileId'] = '00000000-0000-4000-8000-000000000000')],
      ['end', (d) => (d['expiresAt'] = '2099-01-01T00:00:00.000Z')],
      ['tag', (d) => (d['body'] = String(d['body']).slice(0, -4))],
      ['body', (d) => (d['body'] = 'AAAA')],
    ];
    for (const [what, change] of changes) {
      expect([what, codeOf(() => openWithKey(read(edited(change)), key.key))]).toEqual([what, 'keyfile-not-opened']);
    }
  });

  it('is refused before anything is derived when it asks for another derivation', () => {
    const wishes = [{ n: 2 ** 20 }, { n: 2 ** 14 }, { n: '131072' }, { r: 16 }, { p: 2 }, { kdf: 'none' }, { x: 1 }];
    const weak = [{ cipher: 'aes-256-ctr' }, { salt: 'AAAA' }, { nonce: '' }];
    for (const wish of [...wishes, ...weak]) {
      const started = performance.now();
      expect(codeOf(() => read(edited((d) => Object.assign(d['enc'] ?? {}, wish))))).toBe('keyfile-seal-unsupported');
      expect(performance.now() - started).toBeLessThan(50);
    }
  });

  it('is refused over its size, and with members that are not the format’s', () => {
    expect(codeOf(() => read(sealed + ' '.repeat(SEALED_KEYFILE_MAX_BYTES)))).toBe('keyfile-too-large');
    expect(codeOf(() => read(edited((d) => Object.assign(d, { siteName: 'x' }))))).toBe('keyfile-malformed');
    expect(codeOf(() => read(sealed.slice(0, -9)))).toBe('keyfile-truncated');
  });

  it('has room for the largest keyfile', () => {
    const { format, v, keyfileId, expiresAt } = JSON.parse(text) as Record<string, unknown>;
    const head = JSON.stringify({ format, v, keyfileId, expiresAt, fill: '' });
    const largest = head.replace('"fill":""', `"fill":"${'x'.repeat(KEYFILE_MAX_BYTES - head.length)}"`);
    const file = sealKeyfile(largest, key);
    expect(Buffer.byteLength(file)).toBeLessThanOrEqual(SEALED_KEYFILE_MAX_BYTES);
    expect(openWithKey(read(file), key.key).length).toBe(KEYFILE_MAX_BYTES);
  });

  it('takes no short, empty or endless passphrase', async () => {
    for (const passphrase of ['', 'elevenchars', '🔑'.repeat(11), 'x'.repeat(1_025)]) {
      await expect(deriveSealingKey(passphrase)).rejects.toMatchObject({ code: 'passphrase-unusable' });
    }
    await expect(deriveSealingKey('🔑'.repeat(12))).resolves.toHaveProperty('key.length', 32);
  });

  it('is refused with a code, whatever of it was changed, and opens only when nothing was', () => {
    const bytes = Buffer.from(sealed);
    // The header is a twentieth of the file and the part that is read before anything is proven.
    const place = fc.oneof(fc.nat(sealed.indexOf('"body"')), fc.nat(bytes.length - 1));
    const change = fc.tuple(place, fc.integer({ min: 0, max: 255 }));
    let slowestMs = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const mutated = Buffer.from(bytes);
        for (const [at, to] of changes) mutated[at] = to;
        const started = performance.now();
        let opened: Buffer | undefined;
        const code = codeOf(() => {
          const found = readSealedKeyfile(mutated);
          if (found !== undefined) opened = openWithKey(found, key.key);
        });
        slowestMs = Math.max(slowestMs, performance.now() - started);
        expect(code === 'accepted' || code.startsWith('keyfile-')).toBe(true);
        if (opened !== undefined) expect(opened.toString()).toBe(text);
      }),
      { numRuns: 100_000 },
    );
    expect(slowestMs).toBeLessThan(250);
  }, 120_000);
});
