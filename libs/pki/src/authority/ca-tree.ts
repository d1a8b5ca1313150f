import type { X509Certificate } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PkiError } from '../errors.js';
import { isDeploymentLabel } from '../identity-uri.js';
import { certificatePem, readCertificate } from '../pem.js';
import { writePrivateFile } from '../private-file.js';
import { spkiOf } from '../spki.js';
import { issueCertificate, issueRoot, type Issuer } from './certificate.js';
import { FileKeyStore, type KeyStore } from './key-store.js';
import { authorityProfile, keyfileSigningProfile, rootProfile, type Profile } from './profile.js';
import { readOptional, type Signer } from './signer.js';

/** root → agent-CA, claim-CA, server-CA, keyfile-signing leaf. */
export interface CaTree {
  deployment: string;
  /** 1 for the first tree; each rotation makes another one. */
  generation: number;
  root: Issuer;
  agentCa: Issuer;
  claimCa: Issuer;
  serverCa: Issuer;
  keyfileSigning: Issuer;
}

export interface CaTreeOptions {
  /** Default: plain files in the directory. */
  keys?: KeyStore;
  generation?: number;
  /** Makes nothing: what is missing was lost. */
  mustExist?: boolean;
}

const MEMBERS = ['root', 'agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing'] as const;

/**
 * Opens the CA tree in a directory and makes what is missing: a key before its certificate `<name>.crt`, so that a crash
 * between the two is continued by the next call. The directory has one owner process.
 * Raises `ca-key-mismatch` when a certificate is not for its key, `ca-foreign-deployment` for another deployment's tree,
 * `ca-key-missing`, and what the key store raises.
 */
export async function openCaTree(
  directory: string,
  deployment: string,
  now: Date,
  { keys, generation = 1, mustExist = false }: CaTreeOptions = {},
): Promise<CaTree> {
  if (!isDeploymentLabel(deployment)) {
    throw new PkiError('identity-uri-malformed', 'A deployment label has 1 to 63 of a-z, 0-9 and inner hyphens');
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = keys ?? (await FileKeyStore.open(directory));
  const place = { directory, store, deployment, generation, mustExist };
  const root = await openMember(place, 'root', (signer) => issueRoot(rootProfile(deployment, generation), signer, now));
  const below = (name: string, profile: Profile): Promise<Issuer> =>
    openMember(place, name, (signer) => issueCertificate({ profile, spki: spkiOf(signer.publicKey), now }, root));
  return {
    deployment,
    generation,
    root,
    agentCa: await below('agent-ca', authorityProfile(deployment, 'agent-ca', generation)),
    claimCa: await below('claim-ca', authorityProfile(deployment, 'claim-ca', generation)),
    serverCa: await below('server-ca', authorityProfile(deployment, 'server-ca', generation)),
    keyfileSigning: await below('keyfile-signing', keyfileSigningProfile(deployment)),
  };
}

/** Destroys the keys of a tree that issues nothing any more; harmless when repeated. */
export async function removeCaTree(directory: string, keys: KeyStore, generation: number): Promise<void> {
  for (const member of MEMBERS) {
    const name = nameOf(member, generation);
    await keys.remove(name);
    await rm(join(directory, `${name}.crt`), { force: true });
  }
}

/** The root of a tree as a CA below the root of another one: who trusts only that one can verify what the new tree issued. */
export function crossSign(tree: CaTree, by: CaTree, now: Date): Promise<X509Certificate> {
  const profile = rootProfile(tree.deployment, tree.generation);
  return issueCertificate({ profile, spki: spkiOf(tree.root.certificate.publicKey), now }, by.root);
}

interface Place {
  directory: string;
  store: KeyStore;
  deployment: string;
  generation: number;
  mustExist: boolean;
}

function nameOf(member: string, generation: number): string {
  return generation === 1 ? member : `${member}-${generation}`;
}

async function openMember(
  { directory, store, deployment, generation, mustExist }: Place,
  member: string,
  issue: (signer: Signer) => Promise<X509Certificate>,
): Promise<Issuer> {
  const name = nameOf(member, generation);
  const path = join(directory, `${name}.crt`);
  const kept = await readOptional(path);
  const found = await store.find(name);
  // A certificate comes after its key: one without the other means that the key was lost, and a new one would not help.
  if (found === undefined && (mustExist || kept !== undefined)) {
    throw new PkiError('ca-key-missing', `the key ${name} is missing: restore the issuer's keys as a whole`);
  }
  if (kept === undefined && mustExist) throw new PkiError('ca-key-missing', `${name}.crt is missing`);
  const signer = found ?? (await store.create(name));
  const certificate = kept === undefined ? await issue(signer) : readCertificate(kept);
  if (kept === undefined) await writePrivateFile(path, certificatePem(certificate.raw));
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
