import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCaTree, type CaTree } from '../authority/ca-tree.js';
import { issueCertificate } from '../authority/certificate.js';
import { claimProfile } from '../authority/profile.js';
import { generateKey, privateKeyPem } from '../authority/signer.js';
import { certificatePem } from '../pem.js';
import { pinOf, spkiOf } from '../spki.js';
import { ENROL_ALPN, KEYFILE_FORMAT, KEYFILE_VERSION, TUNNEL_ALPN, type KeyfileContent } from './format.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A CA tree in a directory of its own that is removed again at once: the keys stay in memory. */
export async function temporaryTree(deployment = 'test'): Promise<CaTree> {
  const directory = await mkdtemp(join(tmpdir(), 'adit-tree-'));
  try {
    return await openCaTree(directory, deployment, new Date());
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The content of a valid keyfile of that tree, with a claim certificate of its own. */
export async function keyfileContent(tree: CaTree, now = new Date()): Promise<KeyfileContent> {
  const keyfileId = randomUUID();
  const key = generateKey();
  const profile = claimProfile(tree.deployment, keyfileId, 7 * DAY_MS);
  const claim = await issueCertificate({ profile, spki: spkiOf(key), now }, tree.claimCa);
  return {
    format: KEYFILE_FORMAT,
    v: KEYFILE_VERSION,
    keyfileId,
    tenantId: randomUUID(),
    siteId: randomUUID(),
    siteName: 'Hamburg Süd',
    agentId: randomUUID(),
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + 7 * DAY_MS).toISOString(),
    endpoints: [{ host: '127.0.0.1', port: 5500, serverName: 'broker.test', priority: 0 }],
    alpn: [ENROL_ALPN, TUNNEL_ALPN],
    trust: {
      bundleVersion: 1,
      roots: [certificatePem(tree.root.certificate.raw)],
      rootSpkiSha256: [pinOf(spkiOf(tree.root.certificate.publicKey))],
    },
    claim: {
      certificate: certificatePem(claim.raw) + certificatePem(tree.claimCa.certificate.raw),
      privateKey: privateKeyPem(key),
    },
    token: randomBytes(32).toString('base64url'),
    policy: { keyAlg: 'ec-p256', renewAt: 0.667 },
  };
}
