import type { X509Certificate } from 'node:crypto';
import { PkiError } from './errors.js';

/** What a certificate names: an agent, the keyfile whose claim it is, or the key that signs keyfiles. */
export type Identity =
  | { kind: 'agent'; deployment: string; agentId: string }
  | { kind: 'keyfile'; deployment: string; keyfileId: string }
  | { kind: 'keyfile-signing'; deployment: string };

const DEPLOYMENT = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const URI =
  /^urn:adit:([a-z0-9-]{1,63}):(?:(agent|keyfile):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|(keyfile-signing))$/;

export function isDeploymentLabel(label: string): boolean {
  return DEPLOYMENT.test(label);
}

/** `urn:adit:<deployment>:agent:<uuid>`, `…:keyfile:<uuid>` or `…:keyfile-signing`; raises `identity-uri-malformed` for bad parts. */
export function formatIdentity(identity: Identity): string {
  const uri = `urn:adit:${identity.deployment}:${identity.kind}${identitySuffix(identity)}`;
  parseIdentity(uri);
  return uri;
}

function identitySuffix(identity: Identity): string {
  switch (identity.kind) {
    case 'agent':
      return `:${identity.agentId}`;
    case 'keyfile':
      return `:${identity.keyfileId}`;
    case 'keyfile-signing':
      return '';
  }
}

export function parseIdentity(uri: string): Identity {
  const match = URI.exec(uri);
  const deployment = match?.[1];
  if (match === null || deployment === undefined || !isDeploymentLabel(deployment)) {
    throw new PkiError('identity-uri-malformed', 'The certificate does not name an identity of this system');
  }
  const id = match[3] ?? '';
  if (match[4] === 'keyfile-signing') return { kind: 'keyfile-signing', deployment };
  return match[2] === 'agent'
    ? { kind: 'agent', deployment, agentId: id }
    : { kind: 'keyfile', deployment, keyfileId: id };
}

/**
 * The identity in a certificate's SAN; there must be exactly one name in it, our URI.
 * It says who the holder is only after the TLS handshake has verified the chain.
 */
export function identityOf(certificate: X509Certificate): Identity {
  return parseIdentity((certificate.subjectAltName ?? '').replace(/^URI:/, ''));
}
