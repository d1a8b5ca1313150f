import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { PkiError } from '../errors.js';
import { toPem } from '../pem.js';
import { isP256Spki, readP256Spki, spkiOf } from '../spki.js';
import { bitString, children, ecdsaWithSha256, fromDer, integer, primitive, sequence, tagged, toDer } from './der.js';
import { KeySigner } from './signer.js';

/** Cap of the PEM text; a P-256 request with an empty subject has about 300 bytes. */
export const CSR_MAX_BYTES = 4096;

const PEM = /^\s*-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\s*$/;

/** A PKCS#10 request (RFC 2986) that carries the key and nothing else: the issuer takes nothing else from it. */
export async function createCsr(key: KeyObject): Promise<string> {
  const info = requestInfo(spkiOf(createPublicKey(key)));
  const signature = await new KeySigner(key).sign(info);
  return toPem('CERTIFICATE REQUEST', toDer(sequence([fromDer(info), ecdsaWithSha256(), bitString(signature)])));
}

/**
 * The DER SubjectPublicKeyInfo of a request, proven to be held by whoever made it.
 * Accepts only the form `createCsr` writes, byte for byte (strict DER, P-256, ecdsa-with-SHA256).
 * Raises `csr-too-large`, `csr-malformed`, `csr-unsupported-key` or `csr-bad-signature`.
 */
export function readCsr(pem: string): Buffer {
  if (Buffer.byteLength(pem) > CSR_MAX_BYTES) {
    throw new PkiError('csr-too-large', `The certificate request is larger than ${CSR_MAX_BYTES} bytes`);
  }
  const body = PEM.exec(pem)?.[1];
  if (body === undefined) throw new PkiError('csr-malformed', 'The certificate request is not PEM');
  const der = Buffer.from(body, 'base64');
  const { spki, signature } = readParts(der);
  const key = requireP256(spki);
  const info = requestInfo(spki);
  // Comparing with the request built anew from its parts refuses every other way to write the same thing.
  const rebuilt = toDer(sequence([fromDer(info), ecdsaWithSha256(), bitString(signature)]));
  if (!rebuilt.equals(der)) throw new PkiError('csr-malformed', 'The certificate request is not in its canonical form');
  if (!verify('sha256', info, key, signature)) {
    throw new PkiError('csr-bad-signature', 'The certificate request is not signed by its own key');
  }
  return spki;
}

/** CertificationRequestInfo: version 0, empty subject, the key, no attributes. */
function requestInfo(spki: Buffer): Buffer {
  return toDer(sequence([integer(0), sequence([]), fromDer(spki), tagged(0, [])]));
}

function readParts(der: Buffer): { spki: Buffer; signature: Buffer } {
  try {
    const [info, , signature] = children(fromDer(der));
    const key = children(info)[2];
    const bits = primitive(signature);
    if (key !== undefined && bits !== undefined) return { spki: toDer(key), signature: bits.subarray(1) };
  } catch (cause) {
    throw new PkiError('csr-malformed', 'The certificate request is not DER', { cause });
  }
  throw new PkiError('csr-malformed', 'The certificate request lacks a key or a signature');
}

function requireP256(spki: Buffer): KeyObject {
  if (!isP256Spki(spki)) throw new PkiError('csr-unsupported-key', 'Only P-256 keys are certified');
  try {
    return readP256Spki(spki);
  } catch (cause) {
    throw new PkiError('csr-unsupported-key', 'The key of the certificate request is not a point of P-256', { cause });
  }
}
