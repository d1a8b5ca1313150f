import { randomBytes, scryptSync } from 'node:crypto';
import { generateKey, privateKeyPem } from './signer.js';
import { isWrapped, KeyWrap } from './key-wrap.js';

const secret = randomBytes(32);
const key = generateKey();
const wrapped = new KeyWrap({ secret });

const changed = (text: string, change: (value: Record<string, unknown>) => void): string => {
  const value = JSON.parse(text) as Record<string, unknown>;
  change(value);
  return JSON.stringify(value);
};

describe('an encrypted CA key', () => {
  it('comes back under the same secret, and shows nothing of itself', async () => {
    const text = await wrapped.seal(key);
    expect(privateKeyPem(await wrapped.open(text))).toBe(privateKeyPem(key));
    expect(isWrapped(text)).toBe(true);
    expect(text).not.toContain(key.export({ format: 'jwk' }).d);
    expect(text).not.toContain(secret.toString('hex'));
  });

  it('is another text each time', async () => {
    expect(await wrapped.seal(key)).not.toBe(await wrapped.seal(key));
  });

  it('comes back under the same passphrase, whichever way its letters are composed', async () => {
    const text = await new KeyWrap({ passphrase: 'Schl\u00fcssel' }).seal(key);
    const opened = await new KeyWrap({ passphrase: 'Schlu\u0308ssel' }).open(text);
    expect(privateKeyPem(opened)).toBe(privateKeyPem(key));
  });

  it.each<[string, KeyWrap]>([
    ['another secret', new KeyWrap({ secret: randomBytes(32) })],
    ['a passphrase in place of the secret', new KeyWrap({ passphrase: 'x' })],
    ['neither', new KeyWrap({})],
  ])('is told from a damaged one under %s', async (_name, other) => {
    await expect(other.open(await wrapped.seal(key))).rejects.toMatchObject({ code: 'ca-key-wrong-kek' });
  });

  it('tells of a wrong passphrase', async () => {
    const text = await new KeyWrap({ passphrase: 'right' }).seal(key);
    const opening = new KeyWrap({ passphrase: 'wrong' }).open(text);
    await expect(opening).rejects.toMatchObject({
      code: 'ca-key-wrong-kek',
      message: expect.stringContaining('another passphrase'),
    });
  });

  it('refuses any other cost before it derives with it', async () => {
    const text = await new KeyWrap({ passphrase: 'x' }).seal(key);
    const cheap = changed(text, (value) => Object.assign(value['kek'] as object, { n: 2 }));
    const dear = changed(text, (value) => Object.assign(value['kek'] as object, { n: 2 ** 30 }));
    const start = performance.now();
    for (const bad of [cheap, dear]) {
      await expect(new KeyWrap({ passphrase: 'x' }).open(bad)).rejects.toMatchObject({ code: 'ca-key-damaged' });
    }
    expect(performance.now() - start).toBeLessThan(100);
  });

  it('is found damaged after any change of it', async () => {
    const text = await wrapped.seal(key);
    const value = JSON.parse(text) as { box: string; nonce: string };
    const flipped = (of: string): string => (of.startsWith('A') ? `B${of.slice(1)}` : `A${of.slice(1)}`);
    const bad = [
      changed(text, (it) => (it['box'] = flipped(value.box))),
      changed(text, (it) => (it['box'] = value.box.slice(0, -4))),
      changed(text, (it) => (it['nonce'] = flipped(value.nonce))),
      changed(text, (it) => (it['v'] = 2)),
      changed(text, (it) => (it['more'] = 1)),
      text.slice(0, -20),
      `${text}${' '.repeat(4000)}`,
      '{}',
    ];
    for (const one of bad) await expect(wrapped.open(one)).rejects.toMatchObject({ code: 'ca-key-damaged' });
  });

  it('survives garbage of ten thousand kinds without another error', async () => {
    const text = await wrapped.seal(key);
    for (let round = 0; round < 10_000; round++) {
      const bytes = Buffer.from(text);
      const at = Math.floor(Math.random() * bytes.length);
      bytes[at] = Math.floor(Math.random() * 256);
      const error: unknown = await wrapped.open(bytes.toString()).then(
        (opened) => (privateKeyPem(opened) === privateKeyPem(key) ? undefined : new Error('another key')),
        (cause: unknown) => cause,
      );
      if (error !== undefined) expect(error).toMatchObject({ code: expect.stringMatching(/^ca-key-/) });
    }
  });

  it('costs who guesses a passphrase 128 MiB', () => {
    expect(() => scryptSync('x', Buffer.alloc(16), 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 127 * 2 ** 20 })).toThrow(
      'memory limit',
    );
  });

  it('refuses a secret of another length', () => {
    expect(() => new KeyWrap({ secret: randomBytes(16) })).toThrow('32 bytes');
  });
});
