import { createCsr, createRenewalProofs, generateKey, identityOf, readCertificates, serialOf } from '@app/pki';
import { randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { RenewRequest } from '../../apps/keyfile-issuer/src/renewal/renewal-input.js';
import { newSiteKeys, redeemRequest } from './enrolling-site.js';
import type { TestIssuer } from './issuer.js';

/** A certificate that an agent holds, with its key. */
export interface Holding {
  agentId: string;
  serial: string;
  key: KeyObject;
}

export const holdingOf = (certificateChain: string, key: KeyObject): Holding => {
  const [leaf] = readCertificates(certificateChain);
  const identity = leaf === undefined ? undefined : identityOf(leaf);
  if (leaf === undefined || identity?.kind !== 'agent') throw new Error('no certificate of an agent');
  return { agentId: identity.agentId, serial: serialOf(leaf), key };
};

export const activation = ({ serial, agentId }: Holding) => ({
  serial,
  agentId,
  peerAddress: '192.0.2.7',
  correlationId: randomUUID(),
});

/** Enrolled and let in once. */
export const enrolledAgent = async (issuer: TestIssuer, siteId?: string): Promise<Holding> => {
  const { text } = await issuer.newKeyfile(siteId);
  const keys = newSiteKeys();
  const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text, keys));
  const holding = holdingOf(certificateChain, keys.newKey);
  await issuer.activation.activate(activation(holding));
  return holding;
};

/** What the broker forwards; `signer` stands in for the key of the certificate in use. */
export const renewRequest = async (
  { agentId, serial, key }: Holding,
  newKey: KeyObject = generateKey(),
  signer: KeyObject = key,
): Promise<RenewRequest> => {
  const exporter = randomBytes(32);
  return {
    agentId,
    serial,
    csr: await createCsr(newKey),
    proofs: createRenewalProofs(exporter, { newKey, currentKey: signer }),
    exporter: exporter.toString('base64'),
    peerAddress: '192.0.2.7',
    correlationId: randomUUID(),
  };
};
