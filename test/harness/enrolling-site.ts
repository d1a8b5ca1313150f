import { seal } from '@app/contracts';
import { createCsr, createProofs, createReturnProof, decodeKeyfile, generateKey, spkiOf } from '@app/pki';
import { createPublicKey, randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { RedeemRequest } from '../../apps/keyfile-issuer/src/enrolment/enrolment-input.js';
import type { TestIssuer } from './issuer.js';

export interface SiteKeys {
  newKey: KeyObject;
  siteKey: KeyObject;
}

export interface Deviation extends Partial<RedeemRequest> {
  claimKey?: KeyObject;
  token?: Buffer;
  /** Of the agent that returns. */
  identityKey?: KeyObject;
}

export const newSiteKeys = (): SiteKeys => ({ newKey: generateKey(), siteKey: generateKey() });

/** What the broker forwards for a site that holds this keyfile; a deviation replaces a part of an honest request. */
export async function redeemRequest(
  issuer: Pick<TestIssuer, 'sealKey'>,
  text: string,
  keys = newSiteKeys(),
  deviation: Deviation = {},
): Promise<RedeemRequest> {
  const keyfile = decodeKeyfile(Buffer.from(text), { now: new Date() });
  const { claimKey = keyfile.claim.key, token = keyfile.token, identityKey, ...replaced } = deviation;
  const exporter = randomBytes(32);
  const siteTlsSpki = spkiOf(createPublicKey(keys.siteKey));
  const subject = { exporter, token, siteTlsSpki, csrSpki: spkiOf(keys.newKey) };
  return {
    keyfileId: keyfile.document.keyfileId,
    sealedToken: await seal(token.toString('base64url'), issuer.sealKey),
    csr: await createCsr(keys.newKey),
    siteTlsSpki: siteTlsSpki.toString('base64'),
    proofs: {
      ...createProofs({ exporter, token, siteTlsSpki }, { newKey: keys.newKey, claimKey }),
      ...(identityKey === undefined ? {} : { identityKey: createReturnProof(subject, identityKey) }),
    },
    exporter: exporter.toString('base64'),
    peerAddress: '192.0.2.7',
    correlationId: randomUUID(),
    ...replaced,
  };
}
