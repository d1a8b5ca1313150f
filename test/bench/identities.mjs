import { createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built } from './built.mjs';

/**
 * @typedef {{ key: string, chain: string, roots: string[] }} Credentials PEM
 * @typedef {Credentials & { siteId: string, label: string }} SiteIdentity
 */

const ROWS_AT_ONCE = 500;

/**
 * Identities of agents as the issuer would have made them: signed by its CA, on record as active. Written past the
 * enrolment, which is not what an idle agent costs. All have one key: handshakes do not depend on it being another.
 * @param {import('./cloud.mjs').BenchCloud} cloud
 * @param {number} count
 * @param {{ prefix?: string, siteTlsSpki?: Buffer }} [options] `prefix` of the sites' labels; `siteTlsSpki`: DER, of the key
 *   that the sites' own servers present
 * @returns {Promise<SiteIdentity[]>}
 */
export async function makeIdentities(cloud, count, { prefix = 'idle', siteTlsSpki } = {}) {
  const pki = await built('pki');
  const { DEFAULT_TENANT_ID: tenantId } = await built('persistence');
  const now = new Date();
  const directory = join(cloud.dataDir, 'issuer', 'ca');
  const secret = Buffer.from(
    readFileSync(join(cloud.dataDir, 'secrets', 'keyfile-issuer', 'ca.kek'), 'utf8').trim(),
    'hex',
  );
  const keys = await pki.FileKeyStore.open(directory, new pki.KeyWrap({ secret }));
  const tree = await pki.openCaTree(directory, 'adit', now, { keys });
  const caPem = pki.certificatePem(tree.agentCa.certificate.raw);
  const root = pki.certificatePem(tree.root.certificate.raw);
  const key = pki.generateKey();
  const spki = pki.spkiOf(createPublicKey(key));
  /** @type {SiteIdentity[]} */
  const identities = [];
  for (let first = 0; first < count; first += ROWS_AT_ONCE) {
    const rows = [];
    for (let index = first; index < Math.min(count, first + ROWS_AT_ONCE); index++) {
      const [agentId, siteId, label] = [randomUUID(), randomUUID(), `${prefix}-${index}`];
      const certificate = await pki.issueCertificate(
        { profile: pki.agentProfile('adit', agentId), spki, now },
        tree.agentCa,
      );
      rows.push({ agentId, siteId, label, certificate, serial: pki.serialOf(certificate) });
      const chain = pki.certificatePem(certificate.raw) + caPem;
      identities.push({ key: pki.privateKeyPem(key), chain, roots: [root], siteId, label });
    }
    await record(cloud, tenantId, rows, siteTlsSpki);
  }
  return identities;
}

/**
 * @param {import('./cloud.mjs').BenchCloud} cloud
 * @param {string} tenantId
 * @param {{ agentId: string, siteId: string, label: string, serial: string, certificate: import('node:crypto').X509Certificate }[]} rows
 * @param {Buffer | undefined} siteTlsSpki
 */
async function record(cloud, tenantId, rows, siteTlsSpki) {
  const data = rows.map(({ agentId, siteId, label, serial, certificate }) => ({
    site: siteId,
    label,
    spki: siteTlsSpki?.toString('hex'),
    agent: agentId,
    token: randomUUID(),
    serial,
    from: certificate.validFromDate,
    until: certificate.validToDate,
    noise: randomBytes(32).toString('hex'),
  }));
  const read = `WITH r AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(site uuid, label text, agent uuid, token uuid,
    serial text, "from" timestamptz, until timestamptz, noise text, spki text))`;
  const insert = async (/** @type {string} */ into) => cloud.query(`${read} ${into}`, [tenantId, JSON.stringify(data)]);
  await insert('INSERT INTO site (id, tenant_id, name, label) SELECT site, $1::uuid, label, label FROM r');
  await insert(`INSERT INTO agent (id, tenant_id, site_id, state, site_tls_spki)
    SELECT agent, $1::uuid, site, 'active', decode(spki, 'hex') FROM r`);
  await insert(ENROL_TOKENS);
  await insert(`INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, enrol_token_id, generation, state, der,
      issuer_chain, not_before, not_after)
    SELECT serial, $1::uuid, agent, decode(noise, 'hex'), token, 1, 'current', '', '', "from", until FROM r`);
}

const ENROL_TOKENS = `INSERT INTO enrol_token (id, tenant_id, site_id, agent_id, token_hash, claim_spki_sha256, claim_spki,
    claim_serial, state, issued_by, expires_at, claimed_at, csr_spki, redeemed_at, closed_at)
  SELECT token, $1::uuid, site, agent, decode(noise, 'hex'), decode(noise, 'hex'), '', serial, 'closed', 'operator:bench',
    now() + interval '1 day', now(), '', now(), now() FROM r`;
