import type { X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PkiError } from '../errors.js';
import { isDeploymentLabel } from '../identity-uri.js';
import { certificatePem, readCertificate } from '../pem.js';
import { writePrivateFile } from '../private-file.js';
import { spkiOf } from '../spki.js';
import { issueCertificate, issueRoot, type Issuer } from './certificate.js';
import { authorityProfile, keyfileSigningProfile, rootProfile, type Profile } from './profile.js';
import { KeySigner, openKeyFile, readOptional, type Signer } from './signer.js';

/** root → agent-CA, claim-CA, server-CA, keyfile-signing leaf. */
export interface CaTree {
  deployment: string;
  root: Issuer;
  agentCa: Issuer;
  claimCa: Issuer;
  serverCa: Issuer;
  keyfileSigning: Issuer;
}

/**
 * Opens the CA tree in a directory and makes what is missing: `<name>.key` (PKCS#8, 0600) before `<name>.crt`, so
 * that a crash between the two is continued by the next start. The directory has one owner process.
 * Raises `ca-key-mismatch` when a certificate is not for its key, `ca-foreign-deployment` for another deployment's tree.
 */
export async function openCaTree(directory: string, deployment: string, now: Date): Promise<CaTree> {
  if (!isDeploymentLabel(deployment)) {
    throw new PkiError('identity-uri-malformed', 'A deployment label has 1 to 63 of a-z, 0-9 and inner hyphens');
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const root = await openMember(directory, 'root', deployment, (signer) =>
    issueRoot(rootProfile(deployment), signer, now),
  );
  const below = (name: string, profile: Profile): Promise<Issuer> =>
    openMember(directory, name, deployment, (signer) =>
      issueCertificate({ profile, spki: spkiOf(signer.publicKey), now }, root),
    );
  return {
    deployment,
    root,
    agentCa: await below('agent-ca', authorityProfile(deployment, 'agent-ca')),
    claimCa: await below('claim-ca', authorityProfile(deployment, 'claim-ca')),
    serverCa: await below('server-ca', authorityProfile(deployment, 'server-ca')),
    keyfileSigning: await below('keyfile-signing', keyfileSigningProfile(deployment)),
  };
}

async function openMember(
  directory: string,
  name: string,
  deployment: string,
  issue: (signer: Signer) => Promise<X509Certificate>,
): Promise<Issuer> {
  const signer = new KeySigner(await openKeyFile(join(directory, `${name}.key`)));
  const path = join(directory, `${name}.crt`);
  const existing = await readOptional(path);
  const certificate = existing === undefined ? await issue(signer) : readCertificate(existing);
  if (existing === undefined) await writePrivateFile(path, certificatePem(certificate.raw));
  requireMatch(certificate, signer, name, deployment);
  return { certificate, signer };
}

function requireMatch(certificate: X509Certificate, signer: Signer, name: string, deployment: string): void {
  if (!spkiOf(certificate.publicKey).equals(spkiOf(signer.publicKey))) {
    throw new PkiError('ca-key-mismatch', `${name}.crt does not belong to ${name}.key`);
  }
  if (!certificate.subject.split('\n').includes(`O=${deployment}`)) {
    throw new PkiError('ca-foreign-deployment', `${name}.crt was made for another deployment than ${deployment}`);
  }
}
