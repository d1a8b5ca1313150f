import type { EnrolResponse } from '@app/contracts';
import { type Keyfile, PkiError, type TrustedRoots, verifyTrustBundle } from '@app/pki';
import type { KeyObject } from 'node:crypto';
import { AgentError } from '../errors.js';
import { isOwnCertificate } from '../identity/own-certificate.js';

type Answer = Extract<EnrolResponse, { ok: true }>;

/**
 * Whom the site trusts: as its keyfile says, or as a newer list says that the keyfile's roots have signed. Any other list is
 * left out, so that an answer alone brings no root.
 */
export const trustAfter = ({ signedTrust }: Answer, { document, deployment }: Keyfile): TrustedRoots => {
  if (signedTrust === undefined) return document.trust;
  try {
    return verifyTrustBundle(signedTrust, { deployment, trust: document.trust });
  } catch (error) {
    if (error instanceof PkiError) return document.trust;
    throw error;
  }
};

/** That the certificate is the one this site asked for. @throws AgentError `enrolment-answer-invalid` */
export const requireOwnCertificate = (answer: Answer, keyfile: Keyfile, key: KeyObject): void => {
  const { document, deployment } = keyfile;
  const owner = { agentId: document.agentId, deployment, roots: trustAfter(answer, keyfile).roots };
  if (isOwnCertificate(answer.certificateChain, owner, key)) return;
  const advice = 'Nothing was changed; tell the operator of the cloud';
  throw new AgentError('enrolment-answer-invalid', 'The server sent a certificate that is not for this site', advice);
};
