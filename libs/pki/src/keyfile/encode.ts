import { PkiError } from '../errors.js';
import type { Issuer } from '../authority/certificate.js';
import { certificatePem } from '../pem.js';
import { canonicalJson } from './canonical.js';
import { KEYFILE_MAX_BYTES, keyfileContent, type KeyfileContent, type KeyfileDocument } from './format.js';

/** Separates these signatures from everything else the signing key may ever sign. */
const SIGNATURE_LABEL = 'adit-keyfile-v1\n';

/** What `sig` covers: a label and the RFC 8785 form of the keyfile without `sig`. */
export function signedBytes(document: KeyfileDocument | KeyfileContent): Buffer {
  const members = Object.entries(document).filter(([name]) => name !== 'sig');
  return Buffer.from(SIGNATURE_LABEL + canonicalJson(Object.fromEntries(members)));
}

/** The text of a signed keyfile. Raises `keyfile-malformed` for content that could not be read back, `keyfile-too-large`. */
export async function encodeKeyfile(content: KeyfileContent, signing: Issuer): Promise<string> {
  const checked = keyfileContent.safeParse(content);
  if (!checked.success) {
    throw new PkiError('keyfile-malformed', checked.error.issues[0]?.message ?? 'malformed', { cause: checked.error });
  }
  const signature = await signing.signer.sign(signedBytes(checked.data));
  const sig = { certificate: certificatePem(signing.certificate.raw), value: signature.toString('base64url') };
  const text = `${JSON.stringify({ ...checked.data, sig }, null, 2)}\n`;
  if (Buffer.byteLength(text) > KEYFILE_MAX_BYTES) {
    throw new PkiError('keyfile-too-large', `The keyfile would be larger than ${KEYFILE_MAX_BYTES} bytes`);
  }
  return text;
}
