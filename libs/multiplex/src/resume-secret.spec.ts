import { randomBytes } from 'node:crypto';
import { proofOf, ResumeSecret } from './resume-secret.js';

const EXPORTER = randomBytes(32);
const knows = (secret: ResumeSecret, known: string): boolean => secret.verify(EXPORTER, proofOf(known, EXPORTER));

describe('the secret of a session', () => {
  it('proves itself over the connection that it was made for, and over no other', () => {
    const secret = new ResumeSecret();
    const proof = proofOf(secret.value, EXPORTER);
    expect(secret.verify(EXPORTER, proof)).toBe(true);
    expect(secret.verify(randomBytes(32), proof)).toBe(false);
    expect(secret.verify(EXPORTER, '')).toBe(false);
    expect(secret.verify(EXPORTER, proof.slice(0, -2))).toBe(false);
  });

  it('is new after a resume, and the old one ends once the new one is in use', () => {
    const secret = new ResumeSecret();
    const first = secret.value;
    expect(knows(secret, first)).toBe(true);
    secret.rotate();
    expect(secret.value).not.toBe(first);
    expect([knows(secret, secret.value), knows(secret, first)]).toEqual([true, true]);
    secret.confirm();
    expect([knows(secret, secret.value), knows(secret, first)]).toEqual([true, false]);
  });

  it('stays known to an agent that never sees an answer', () => {
    const secret = new ResumeSecret();
    const first = secret.value;
    for (let lost = 0; lost < 5; lost += 1) {
      expect(knows(secret, first)).toBe(true);
      secret.rotate();
    }
    expect(knows(secret, first)).toBe(true);
  });
});
