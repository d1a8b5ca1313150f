import { DomainError } from '@app/contracts';
import {
  certificatePem,
  encodeKeyfile,
  ENROL_ALPN,
  generateKey,
  KEYFILE_FORMAT,
  KEYFILE_VERSION,
  keyfileFingerprint,
  PkiError,
  privateKeyPem,
  serialOf,
  spkiOf,
  spkiSha256,
  TOKEN_BYTES,
  tokenSha256,
  TUNNEL_ALPN,
  type KeyfileContent,
} from '@app/pki';
import { randomBytes, randomUUID } from 'node:crypto';
import { signerAway, type AuthorityService } from '../authority/authority.service.js';
import type { NewKeyfile } from './keyfile.repository.js';

export interface KeyfileOrder {
  tenantId: string;
  siteId: string;
  siteName: string;
  /** The agent whose return it is for; a new agent without it. */
  returnOf?: string;
  issuedBy: string;
  /** By the database's clock. */
  issuedAt: Date;
  validForMs: number;
  sealed: boolean;
  downloadedBy: string | null;
  replacesAtEnrolment: boolean;
  /** The keyfile whose place this one takes, and its agent. */
  regenerates?: { keyfileId: string; agentId: string };
}

/** What is stored, and what leaves: the only copy of token and claim key. */
export interface KeyfileDraft {
  row: NewKeyfile;
  text: string;
  fingerprint: string;
}

/** Share of an identity's life after which the agent renews it. */
const RENEW_AT = 0.667;

/** Makes token, claim key, claim certificate and the signed file. Nothing is stored and no transaction is open. */
export async function draftKeyfile(order: KeyfileOrder, authorities: AuthorityService): Promise<KeyfileDraft> {
  // All parts of one keyfile are of the same CAs.
  const authority = authorities.pinned();
  const keyfileId = randomUUID();
  const token = randomBytes(TOKEN_BYTES);
  const claimKey = generateKey();
  const claimSpki = spkiOf(claimKey);
  const claim = await authority.certifyClaim(keyfileId, claimSpki, order.issuedAt, order.validForMs);
  const row: NewKeyfile = {
    keyfileId,
    tenantId: order.tenantId,
    siteId: order.siteId,
    agentId: order.regenerates?.agentId ?? order.returnOf ?? randomUUID(),
    tokenHash: tokenSha256(token),
    claimSpki,
    claimSpkiSha256: spkiSha256(claimSpki),
    claimSerial: serialOf(claim),
    issuedAt: order.issuedAt,
    issuedBy: order.issuedBy,
    expiresAt: new Date(order.issuedAt.getTime() + order.validForMs),
    sealed: order.sealed,
    downloadedBy: order.downloadedBy,
    replacesAtEnrolment: order.replacesAtEnrolment,
    regenerates: order.regenerates?.keyfileId ?? null,
    purpose: order.returnOf === undefined ? 'enrol' : 'return',
  };
  const text = await encode(
    {
      ...publicMembers(row, order.siteName, authority),
      claim: {
        certificate: certificatePem(claim.raw) + authority.issuers.claimCa,
        privateKey: privateKeyPem(claimKey),
      },
      token: token.toString('base64url'),
    },
    authority,
  );
  return { row, text, fingerprint: keyfileFingerprint(authority.trust.rootSpkiSha256[0] ?? '', keyfileId) };
}

function publicMembers(
  row: NewKeyfile,
  siteName: string,
  authority: AuthorityService,
): Omit<KeyfileContent, 'claim' | 'token'> {
  return {
    format: KEYFILE_FORMAT,
    v: KEYFILE_VERSION,
    keyfileId: row.keyfileId,
    tenantId: row.tenantId,
    siteId: row.siteId,
    siteName,
    agentId: row.agentId,
    issuedAt: row.issuedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    endpoints: authority.endpoints,
    alpn: [ENROL_ALPN, TUNNEL_ALPN],
    trust: authority.trust,
    policy: { keyAlg: 'ec-p256', renewAt: RENEW_AT },
  };
}

async function encode(content: KeyfileContent, authority: AuthorityService): Promise<string> {
  try {
    return await encodeKeyfile(content, authority.keyfileSigning);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw signerAway(cause);
    throw new DomainError('invalid-request', `no keyfile can be written for this site: ${cause.message}`, { cause });
  }
}
