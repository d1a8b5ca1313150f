import { randomBytes } from 'node:crypto';
import { generateKey } from './authority/signer.js';
import { createProofs, proofBytes } from './proof.js';
import { createRenewalProofs, renewalProofBytes, verifyRenewalProofs } from './renewal-proof.js';
import { createReturnProof, verifyReturnProof } from './return-proof.js';
import { spkiOf } from './spki.js';

const [newKey, currentKey, otherKey] = [generateKey(), generateKey(), generateKey()];
const exporter = randomBytes(32);
const subject = { exporter, currentSpki: spkiOf(currentKey), csrSpki: spkiOf(newKey) };

describe('renewal proofs', () => {
  const proofs = createRenewalProofs(exporter, { newKey, currentKey });

  it('hold for the keys that made them', () => {
    expect(verifyRenewalProofs(subject, proofs)).toBe(true);
  });

  it('cover label, connection and both keys in that order', () => {
    const expected = Buffer.concat([Buffer.from('renew-v1'), exporter, subject.currentSpki, subject.csrSpki]);
    expect(renewalProofBytes(subject).equals(expected)).toBe(true);
  });

  it.each([
    ['connection', { exporter: randomBytes(32) }],
    ['new key', { csrSpki: spkiOf(otherKey) }],
    ['current key', { currentSpki: spkiOf(otherKey) }],
    ['order of the keys', { currentSpki: subject.csrSpki, csrSpki: subject.currentSpki }],
  ])('do not hold for another %s', (_case, change) => {
    expect(verifyRenewalProofs({ ...subject, ...change }, proofs)).toBe(false);
  });

  it('do not hold when one signature stands for both, or is none', () => {
    expect(verifyRenewalProofs(subject, { ...proofs, newKey: proofs.currentKey })).toBe(false);
    expect(verifyRenewalProofs(subject, { ...proofs, currentKey: proofs.newKey })).toBe(false);
    expect(verifyRenewalProofs(subject, { newKey: '', currentKey: '?' })).toBe(false);
  });

  it.each([31, 33, 0])('are not made over an exporter of %i bytes', (bytes) => {
    expect(() => createRenewalProofs(Buffer.alloc(bytes), { newKey, currentKey })).toThrow(
      expect.objectContaining({ code: 'proof-malformed' }),
    );
  });
});

describe('the proof of a return', () => {
  const enrolment = {
    exporter,
    token: randomBytes(32),
    csrSpki: spkiOf(newKey),
    siteTlsSpki: spkiOf(generateKey()),
  };
  const proof = createReturnProof(enrolment, currentKey);

  it('holds for the identity’s key and this request alone', () => {
    expect(verifyReturnProof(enrolment, proof, spkiOf(currentKey))).toBe(true);
    expect(verifyReturnProof(enrolment, proof, spkiOf(otherKey))).toBe(false);
    expect(verifyReturnProof({ ...enrolment, exporter: randomBytes(32) }, proof, spkiOf(currentKey))).toBe(false);
    expect(verifyReturnProof({ ...enrolment, csrSpki: spkiOf(otherKey) }, proof, spkiOf(currentKey))).toBe(false);
  });

  it('is none of an enrolment’s, although it covers the same', () => {
    const { newKey: asEnrolment } = createProofs(enrolment, { newKey, claimKey: currentKey });
    expect(verifyReturnProof(enrolment, asEnrolment, enrolment.csrSpki)).toBe(false);
    expect(proofBytes(enrolment).includes('return-v1')).toBe(false);
  });
});
