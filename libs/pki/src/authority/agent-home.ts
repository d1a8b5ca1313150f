import type { X509Certificate } from 'node:crypto';
import { PkiError } from '../errors.js';
import { isP256Spki } from '../spki.js';
import { children, fromDer, octetString, primitive, rawOid, sequence, type Asn1 } from './der.js';

/** Where an agent belongs, as its own certificate says it: enough to put a lost record of it back. */
export interface AgentHome {
  tenantId: string;
  siteId: string;
  siteLabel: string;
  /** DER SubjectPublicKeyInfo of the site's own TLS key, P-256. */
  siteTlsSpki: Buffer;
}

/** 2.25.174570907157205894990515739950563544132 (an OID made from a UUID, X.667), as DER content. */
const OID = Buffer.from('698286d5918fb0e4daaeb3ac918a87a692a59844', 'hex');
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const TEXT = new RegExp(`^adit-home/1 (${UUID}) (${UUID}) (${LABEL}) ([A-Za-z0-9_-]{122})$`);

/** TBSCertificate's `extensions [3]`, and the parts of one Extension (RFC 5280, 4.1). */
const EXTENSIONS_TAG = 3;

/**
 * A non-critical extension of our own. It is none of the names, so that software that knows exactly one name in an agent's
 * certificate goes on reading it.
 */
export function homeExtension(home: AgentHome): Asn1 {
  const { tenantId, siteId, siteLabel, siteTlsSpki } = home;
  const text = `adit-home/1 ${tenantId} ${siteId} ${siteLabel} ${siteTlsSpki.toString('base64url')}`;
  if (readHome(text) === undefined) throw malformed();
  return sequence([rawOid(OID), octetString(Buffer.from(text))]);
}

/**
 * `undefined` for a certificate without the extension, as older versions made them. It is true only once the certificate's
 * signature is verified. Raises `certificate-malformed`.
 */
export function homeOf(certificate: X509Certificate): AgentHome | undefined {
  const tbs = children(children(fromDer(certificate.raw))[0]);
  const extensions = children(tbs.find((part) => part.type === EXTENSIONS_TAG && part.tagClass !== 0))[0];
  const own = children(extensions).filter((extension) => primitive(children(extension)[0])?.equals(OID));
  if (own.length === 0) return undefined;
  const text = own.length === 1 ? primitive(children(own[0])[1])?.toString('latin1') : undefined;
  const home = text === undefined ? undefined : readHome(text);
  if (home === undefined) throw malformed();
  return home;
}

function readHome(text: string): AgentHome | undefined {
  const [, tenantId = '', siteId = '', siteLabel = '', spki = ''] = TEXT.exec(text) ?? [];
  const siteTlsSpki = Buffer.from(spki, 'base64url');
  return isP256Spki(siteTlsSpki) ? { tenantId, siteId, siteLabel, siteTlsSpki } : undefined;
}

function malformed(): PkiError {
  return new PkiError('certificate-malformed', 'The certificate does not say where its agent belongs');
}
