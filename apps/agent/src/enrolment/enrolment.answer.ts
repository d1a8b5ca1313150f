import type { EnrolResponse } from '@app/contracts';
import type { Keyfile } from '@app/pki';
import type { KeyObject } from 'node:crypto';
import { AgentError } from '../errors.js';
import { isOwnCertificate } from '../identity/own-certificate.js';

/** That the certificate is the one this site asked for. @throws AgentError `enrolment-answer-invalid` */
export const requireOwnCertificate = (
  answer: Extract<EnrolResponse, { ok: true }>,
  { document, deployment }: Keyfile,
  key: KeyObject,
): void => {
  const owner = { agentId: document.agentId, deployment, roots: document.trust.roots };
  if (isOwnCertificate(answer.certificateChain, owner, key)) return;
  const advice = 'Nothing was changed; tell the operator of the cloud';
  throw new AgentError('enrolment-answer-invalid', 'The server sent a certificate that is not for this site', advice);
};
