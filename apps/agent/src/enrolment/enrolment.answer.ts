import type { EnrolResponse } from '@app/contracts';
import { identityOf, isIssuedDirectlyBy, type Keyfile, readCertificate, readCertificates, spkiOf } from '@app/pki';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { AgentError } from '../errors.js';

/**
 * That the certificate is the one this site asked for: its key, its agent, directly under a CA of the keyfile's root.
 * The chain itself is judged by TLS. @throws AgentError `enrolment-answer-invalid`
 */
export const requireOwnCertificate = (
  answer: Extract<EnrolResponse, { ok: true }>,
  keyfile: Keyfile,
  key: KeyObject,
): void => {
  if (isOwn(answer.certificateChain, keyfile, key)) return;
  const advice = 'Nothing was changed; tell the operator of the cloud';
  throw new AgentError('enrolment-answer-invalid', 'The server sent a certificate that is not for this site', advice);
};

const isOwn = (chainPem: string, keyfile: Keyfile, key: KeyObject): boolean => {
  const roots = keyfile.document.trust.roots.map(readCertificate);
  try {
    const [leaf, ca] = readCertificates(chainPem);
    if (leaf === undefined || ca === undefined) return false;
    const named = identityOf(leaf);
    return (
      spkiOf(leaf.publicKey).equals(spkiOf(createPublicKey(key))) &&
      named.kind === 'agent' &&
      named.agentId === keyfile.document.agentId &&
      named.deployment === keyfile.deployment &&
      isIssuedDirectlyBy(leaf, ca) &&
      roots.some((root) => isIssuedDirectlyBy(ca, root))
    );
  } catch {
    return false;
  }
};
