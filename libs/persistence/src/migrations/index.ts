import { FirstSchema1700000000001 } from './0001-first-schema.js';
import { DrainingSessions1700000000002 } from './0002-draining-sessions.js';
import { CertificateRenewal1700000000005 } from './0005-certificate-renewal.js';
import { CaRotation1700000000006 } from './0006-ca-rotation.js';

/** In order; explicit, because globs do not survive a build. */
export const MIGRATIONS = [
  FirstSchema1700000000001,
  DrainingSessions1700000000002,
  CertificateRenewal1700000000005,
  CaRotation1700000000006,
];
