import type { X509Certificate } from 'node:crypto';
import { renewalDueMs } from './renewal.schedule.js';

const DAY_MS = 86_400_000;

const certificate = (serialNumber: string, fromMs: number, lifeMs: number): X509Certificate =>
  ({
    serialNumber,
    validFrom: new Date(fromMs).toUTCString(),
    validTo: new Date(fromMs + lifeMs).toUTCString(),
  }) as X509Certificate;

describe('when a certificate is renewed', () => {
  const shares = Array.from({ length: 1_000 }, (_, index) => {
    const dueMs = renewalDueMs(certificate(index.toString(16).padStart(4, '0').toUpperCase(), 0, 90 * DAY_MS), 0.667);
    return dueMs / (90 * DAY_MS);
  });

  it('lies within ten per cent of the share that the keyfile names, spread over all of it', () => {
    expect(Math.min(...shares)).toBeGreaterThan(0.667 * 0.9);
    expect(Math.max(...shares)).toBeLessThan(0.667 * 1.1);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.667 * 0.19);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(Math.abs(mean - 0.667)).toBeLessThan(0.01);
  });

  it('is the same after a restart', () => {
    const one = certificate('AB12', 1_000_000, DAY_MS);
    expect(renewalDueMs(one, 0.667)).toBe(renewalDueMs(one, 0.667));
  });

  it('comes before its end, whatever a keyfile says', () => {
    expect(renewalDueMs(certificate('AB12', 0, DAY_MS), 7)).toBeLessThan(DAY_MS);
  });
});
