import { X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { spkiOf, spkiSha256 } from '../spki.js';
import { PkiError } from '../errors.js';
import { homeExtension } from './agent-home.js';
import { bitString, children, ECDSA_WITH_SHA256, ecdsaWithSha256, fromDer, sequence, toDer, type Asn1 } from './der.js';
import { certificateExtensions } from './extensions.js';
import { BACKDATE_MS, type Profile } from './profile.js';
import { newSerial } from './serial.js';
import type { Signer } from './signer.js';

export interface Issuer {
  certificate: X509Certificate;
  signer: Signer;
}

export interface IssueRequest {
  profile: Profile;
  /** DER SubjectPublicKeyInfo, P-256. */
  spki: Buffer;
  /** The judge of time (the database's clock where there is one). */
  now: Date;
}

/** A leaf or a CA below `issuer`; it never outlives its issuer. */
export async function issueCertificate(request: IssueRequest, issuer: Issuer): Promise<X509Certificate> {
  const issuerName = children(children(fromDer(issuer.certificate.raw))[0])[5];
  const notAfterMs = Math.min(endOf(request), notAfterOf(issuer.certificate).getTime());
  return seal(request, issuer.signer, new Date(notAfterMs), issuerName);
}

/** A root: issuer and subject are the same. */
export function issueRoot(profile: Profile, signer: Signer, now: Date): Promise<X509Certificate> {
  const request = { profile, spki: spkiOf(signer.publicKey), now };
  return seal(request, signer, new Date(endOf(request)), undefined);
}

/** The end of a certificate's life. */
export function notAfterOf(certificate: X509Certificate): Date {
  return new Date(certificate.validTo);
}

export function notBeforeOf(certificate: X509Certificate): Date {
  return new Date(certificate.validFrom);
}

function endOf(request: IssueRequest): number {
  return request.now.getTime() + request.profile.lifetimeMs;
}

async function seal(
  request: IssueRequest,
  signer: Signer,
  notAfter: Date,
  issuerName: Asn1 | undefined,
): Promise<X509Certificate> {
  const tbs = toBeSigned(request, spkiOf(signer.publicKey), notAfter);
  const parts = children(tbs);
  // TBSCertificate (RFC 5280, 4.1): version, serial, signature, issuer, validity, subject, SPKI, extensions.
  parts[2] = ecdsaWithSha256();
  if (issuerName !== undefined) parts[3] = issuerName;
  parts[6] = fromDer(request.spki);
  if (request.profile.home !== undefined) children(children(parts[7])[0]).push(homeExtension(request.profile.home));
  const signature = await signer.sign(toDer(tbs));
  return new X509Certificate(toDer(sequence([tbs, ecdsaWithSha256(), bitString(signature)])));
}

function toBeSigned(request: IssueRequest, issuerSpki: Buffer, notAfter: Date): Asn1 {
  const { profile, now } = request;
  const draft = forge.pki.createCertificate();
  // forge knows RSA only: a throw-away key of the right shape stands where the real one is put in by the caller.
  draft.publicKey = forge.pki.setRsaPublicKey(new forge.jsbn.BigInteger('3'), new forge.jsbn.BigInteger('3'));
  draft.serialNumber = newSerial();
  draft.validity.notBefore = new Date(now.getTime() - (profile.backdateMs ?? BACKDATE_MS));
  draft.validity.notAfter = notAfter;
  const name = [utf8('O', profile.organization), utf8('CN', profile.commonName)];
  draft.setSubject(name);
  draft.setIssuer(name);
  draft.generateSubjectKeyIdentifier = () => forge.util.createBuffer(keyIdentifier(request.spki));
  draft.setExtensions(certificateExtensions(profile, keyIdentifier(issuerSpki)));
  draft.siginfo.algorithmOid = ECDSA_WITH_SHA256;
  draft.signatureOid = ECDSA_WITH_SHA256;
  const [tbs] = children(forge.pki.certificateToAsn1(draft));
  if (tbs === undefined) throw new PkiError('certificate-malformed', 'The certificate has no body');
  return tbs;
}

function utf8(shortName: string, value: string): forge.pki.CertificateField {
  // A field's type is typed as a class although forge reads a tag number here.
  const valueTagClass = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class;
  return { shortName, value, valueTagClass };
}

/** The leftmost 160 bits of SHA-256 over the SPKI (RFC 7093, section 2, method 4), as forge's binary string. */
function keyIdentifier(spki: Buffer): string {
  return spkiSha256(spki).subarray(0, 20).toString('binary');
}
