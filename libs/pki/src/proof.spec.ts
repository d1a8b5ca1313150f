import { randomBytes } from 'node:crypto';
import { generateKey } from './authority/signer.js';
import { createProofs, proofBytes, tokenSha256, verifyProofs } from './proof.js';
import { spkiOf } from './spki.js';

const newKey = generateKey();
const claimKey = generateKey();
const parts = { exporter: randomBytes(32), token: randomBytes(32), siteTlsSpki: spkiOf(generateKey()) };
const subject = { ...parts, csrSpki: spkiOf(newKey) };
const proofs = createProofs(parts, { newKey, claimKey });

describe('enrolment proofs', () => {
  it('hold for the keys that made them', () => {
    expect(verifyProofs(subject, proofs, spkiOf(claimKey))).toBe(true);
  });

  it('cover label, connection, token hash and both keys in that order', () => {
    const expected = Buffer.concat([
      Buffer.from('enrol-v1'),
      parts.exporter,
      tokenSha256(parts.token),
      subject.csrSpki,
      parts.siteTlsSpki,
    ]);
    expect(proofBytes(subject).equals(expected)).toBe(true);
  });

  it.each([
    ['connection', { exporter: randomBytes(32) }],
    ['token', { token: randomBytes(32) }],
    ['key', { csrSpki: spkiOf(generateKey()) }],
    ['site key', { siteTlsSpki: spkiOf(generateKey()) }],
  ])('do not hold for another %s', (_case, change) => {
    expect(verifyProofs({ ...subject, ...change }, proofs, spkiOf(claimKey))).toBe(false);
  });

  it('do not hold for another claim, nor when one signature stands for both', () => {
    expect(verifyProofs(subject, proofs, spkiOf(generateKey()))).toBe(false);
    expect(verifyProofs(subject, { newKey: proofs.newKey, claimKey: proofs.newKey }, spkiOf(claimKey))).toBe(false);
    expect(verifyProofs(subject, { newKey: '', claimKey: '?' }, spkiOf(claimKey))).toBe(false);
  });

  it('are not made over parts of a wrong size', () => {
    expect(() => proofBytes({ ...subject, exporter: randomBytes(31) })).toThrow(
      expect.objectContaining({ code: 'proof-malformed' }),
    );
  });
});
