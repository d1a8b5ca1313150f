import { verify, type X509Certificate } from 'node:crypto';
import { isIssuedDirectlyBy } from '../authority/direct-issuer.js';
import { PkiError } from '../errors.js';
import { identityOf, type Identity } from '../identity-uri.js';
import { readCertificate } from '../pem.js';
import { signedBytes } from './encode.js';
import type { KeyfileDocument } from './format.js';

/**
 * Ties the parts of a keyfile to its root by fixed roles and a fixed depth: root → claim-CA → claim, root → signing
 * leaf. It finds corruption and mixed-up deployments. It admits nobody: that is the TLS handshake's work, later.
 * Raises `keyfile-foreign-ca`; the returned check raises `keyfile-bad-signature`.
 */
export function verifyKeyfileTrust(
  document: KeyfileDocument,
  roots: X509Certificate[],
  chain: X509Certificate[],
): { deployment: string; verifySignature: () => void } {
  const signing = readSigning(document);
  const [claim, claimCa, ...others] = chain;
  if (claim === undefined || claimCa === undefined || others.length > 0) {
    throw new PkiError('keyfile-malformed', 'claim.certificate: is not a claim and its CA');
  }
  const ours =
    roots.some((root) => isIssuedDirectlyBy(claimCa, root) && isIssuedDirectlyBy(signing, root)) &&
    claimCa.ca &&
    isIssuedDirectlyBy(claim, claimCa);
  if (!ours) throw new PkiError('keyfile-foreign-ca', 'The certificates of the keyfile are not under its own root');
  const deployment = requireIdentities(document, identity(claim), identity(signing));
  return { deployment, verifySignature: () => requireSignature(document, signing) };
}

function readSigning(document: KeyfileDocument): X509Certificate {
  try {
    return readCertificate(document.sig.certificate);
  } catch (cause) {
    throw new PkiError('keyfile-malformed', 'sig.certificate: cannot be read', { cause });
  }
}

function identity(certificate: X509Certificate): Identity {
  try {
    return identityOf(certificate);
  } catch (cause) {
    throw new PkiError('keyfile-foreign-ca', 'A certificate of the keyfile does not have its role', { cause });
  }
}

function requireIdentities(document: KeyfileDocument, claim: Identity, signing: Identity): string {
  const roles =
    signing.kind === 'keyfile-signing' && claim.kind === 'keyfile' && claim.keyfileId === document.keyfileId;
  if (!roles || claim.deployment !== signing.deployment) {
    throw new PkiError('keyfile-foreign-ca', 'The certificates of the keyfile were not made for this keyfile');
  }
  return claim.deployment;
}

function requireSignature(document: KeyfileDocument, signing: X509Certificate): void {
  const signature = Buffer.from(document.sig.value, 'base64url');
  const canonical = signature.toString('base64url') === document.sig.value;
  if (!canonical || !verify('sha256', signedBytes(document), signing.publicKey, signature)) {
    throw new PkiError('keyfile-bad-signature', 'The keyfile was changed or damaged after it was signed');
  }
}
