import { isSameFingerprint } from '@app/pki';
import { AgentError } from '../errors.js';
import type { OpenedKeyfile } from './keyfile.service.js';

export interface ConsentOptions {
  yes: boolean;
  expectFingerprint?: string | undefined;
  /** Asks a person; undefined where nobody can answer. */
  ask?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Whether this keyfile may be used: an expected fingerprint must match and then speaks for itself; `--yes` does;
 * else a person is asked. @throws AgentError `fingerprint-mismatch`, `not-confirmed`
 */
export const requireConsent = async (opened: OpenedKeyfile, options: ConsentOptions): Promise<void> => {
  const { expectFingerprint } = options;
  if (expectFingerprint !== undefined) {
    if (isSameFingerprint(expectFingerprint, opened.fingerprint)) return;
    throw new AgentError(
      'fingerprint-mismatch',
      `The keyfile's fingerprint is ${opened.fingerprint}, not the expected ${expectFingerprint}`,
      'Compare with the fingerprint that the console shows for this keyfile; when they differ, do not use the file',
    );
  }
  if (options.yes) return;
  if (options.ask === undefined) {
    const advice = 'Confirm with --yes, or better with --expect-fingerprint and the value the console shows';
    throw new AgentError('not-confirmed', 'Nobody is there to confirm the enrolment', advice);
  }
  const { siteName } = opened.keyfile.document;
  if (await options.ask(`Connect this machine as "${siteName}"?`)) return;
  throw new AgentError('not-confirmed', 'Not confirmed: nothing was changed');
};
