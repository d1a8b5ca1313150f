import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { PkiError } from '../errors.js';
import { toPem } from '../pem.js';
import { spkiOf } from '../spki.js';
import { createCsr, readCsr } from './csr.js';
import { generateKey } from './signer.js';

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64');
}

describe('certificate request', () => {
  it('gives back the key that made it', async () => {
    const key = generateKey();
    expect(readCsr(await createCsr(key)).equals(spkiOf(key))).toBe(true);
  });

  it('is one that OpenSSL verifies', async () => {
    const csr = await createCsr(generateKey());
    const output = execFileSync('openssl', ['req', '-verify', '-noout', '-text'], {
      input: csr,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(output).toContain('prime256v1');
  });

  it.each([
    ['too large', () => 'A'.repeat(4097), 'csr-too-large'],
    ['not PEM', () => 'nonsense', 'csr-malformed'],
    ['not DER', () => toPem('CERTIFICATE REQUEST', Buffer.from('nonsense')), 'csr-malformed'],
  ])('is refused when %s', (_case, text, code) => {
    expect(() => readCsr(text())).toThrow(expect.objectContaining({ code }));
  });

  it('is refused for keys other than P-256', () => {
    const rsa = opensslCsr(['-newkey', 'rsa:2048']);
    const p384 = opensslCsr(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']);
    expect(() => readCsr(rsa)).toThrow(expect.objectContaining({ code: 'csr-unsupported-key' }));
    expect(() => readCsr(p384)).toThrow(expect.objectContaining({ code: 'csr-unsupported-key' }));
  });

  it('is refused when signed by another key', async () => {
    const genuine = derOf(await createCsr(generateKey()));
    const other = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
    const start = genuine.indexOf(other.subarray(0, 27));
    const forged = Buffer.concat([genuine.subarray(0, start), other, genuine.subarray(start + other.length)]);
    expect(() => readCsr(toPem('CERTIFICATE REQUEST', forged))).toThrow(
      expect.objectContaining({ code: 'csr-bad-signature' }),
    );
  });

  it('is refused when it asks for a subject, which only the database gives', () => {
    const csr = opensslCsr(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    expect(() => readCsr(csr)).toThrow(expect.objectContaining({ code: 'csr-malformed' }));
  });

  it('is refused, with a code and quickly, when any byte of it was changed', async () => {
    const genuine = derOf(await createCsr(generateKey()));
    const change = fc.record({
      at: fc.nat(genuine.length - 1),
      to: fc.integer({ min: 0, max: 255 }),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const mutated = changes.reduce<Buffer>((der, { at, to, cut }) => {
          const copy = Buffer.from(der);
          copy[at] = to;
          return cut ? copy.subarray(0, at) : copy;
        }, genuine);
        fc.pre(!mutated.equals(genuine));
        const code = codeOf(() => readCsr(toPem('CERTIFICATE REQUEST', mutated)));
        expect(code).toMatch(/^csr-/);
      }),
      { numRuns: 100_000, interruptAfterTimeLimit: 10_000 },
    );
  }, 30_000);
});

function opensslCsr(options: string[]): string {
  const command = ['req', '-new', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=wanted', ...options];
  return execFileSync('openssl', command, { encoding: 'utf8', stdio: 'pipe' });
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return error instanceof PkiError ? error.code : String(error);
  }
}
