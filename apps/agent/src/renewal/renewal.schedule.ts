import { notAfterOf, notBeforeOf, serialOf } from '@app/pki';
import { createHash, type X509Certificate } from 'node:crypto';

/** Share by which renewals of many sites are spread around the point that the keyfile names. */
const SPREAD = 0.1;

/**
 * When a certificate is to be renewed, ms since 1970 by the cloud's clock: at that share of its life, ten per cent earlier or
 * later. Where in between its serial decides, so that a restart changes nothing.
 * @param renewAt share, such as 0.667
 */
export const renewalDueMs = (certificate: X509Certificate, renewAt: number): number => {
  const fromMs = notBeforeOf(certificate).getTime();
  const lifeMs = notAfterOf(certificate).getTime() - fromMs;
  const share = renewAt * (1 + SPREAD * (2 * fractionOf(serialOf(certificate)) - 1));
  return Math.round(fromMs + lifeMs * Math.min(share, 0.95));
};

/** Uniform in [0, 1). */
const fractionOf = (serial: string): number => createHash('sha256').update(serial).digest().readUInt32BE(0) / 2 ** 32;
