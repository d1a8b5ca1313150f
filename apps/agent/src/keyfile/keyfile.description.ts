import type { SealedKeyfile } from '@app/pki';
import { endpointName, byPriority } from '../network/endpoint.dialer.js';
import type { OpenedKeyfile } from './keyfile.service.js';

/** What a person compares before saying yes, as name and value; no secret is among it. */
export const describeKeyfile = ({ keyfile, fingerprint }: OpenedKeyfile): [string, string][] => {
  const { document } = keyfile;
  return [
    ['Site', document.siteName],
    ['Site id', document.siteId],
    ['Tenant', document.tenantId],
    ['Deployment', keyfile.deployment],
    ['Keyfile', document.keyfileId],
    ['Created', document.issuedAt],
    ['Expires', document.expiresAt],
    ['Endpoints', byPriority(document.endpoints).map(endpointName).join(', ')],
    ['Fingerprint', fingerprint],
  ];
};

/** What the outside of a sealed keyfile says; nothing of it is proven. */
export const describeSealed = ({ keyfileId, expiresAt }: SealedKeyfile): [string, string][] => [
  ['Keyfile', keyfileId],
  ['Expires', expiresAt],
  ['Sealed', 'yes: everything else shows with its passphrase'],
];

export const sealedJson = ({ keyfileId, expiresAt }: SealedKeyfile): Record<string, unknown> => ({
  keyfileId,
  expiresAt,
  sealed: true,
});

export const keyfileJson = ({ keyfile, fingerprint }: OpenedKeyfile): Record<string, unknown> => {
  const { document, deployment } = keyfile;
  const { keyfileId, tenantId, siteId, siteName, agentId, issuedAt, expiresAt } = document;
  const endpoints = byPriority(document.endpoints);
  const { rootSpkiSha256 } = document.trust;
  return {
    keyfileId,
    siteName,
    siteId,
    tenantId,
    agentId,
    deployment,
    issuedAt,
    expiresAt,
    endpoints,
    rootSpkiSha256,
    fingerprint,
  };
};
