import { DomainError } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { decodeKeyfile, generateKey, identityOf, readCertificates, serialOf, spkiOf } from '@app/pki';
import { createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { newSiteKeys, redeemRequest, type Deviation } from '../harness/enrolling-site.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
}, 60_000);
afterAll(() => issuer.close());

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? 'no code',
  );
}

async function stateOf(keyfileId: string): Promise<string> {
  return (await issuer.keyfiles.get(DEFAULT_TENANT_ID, keyfileId)).state;
}

async function activate(chain: string): Promise<string> {
  const [leaf] = readCertificates(chain);
  if (leaf === undefined) throw new Error('no certificate');
  const identity = identityOf(leaf);
  const agentId = identity.kind === 'agent' ? identity.agentId : '';
  const request = { serial: serialOf(leaf), agentId, peerAddress: '192.0.2.7', correlationId: randomUUID() };
  return (await issuer.activation.activate(request)).state;
}

const revoke = (keyfileId: string) =>
  issuer.keyfiles.revoke({
    tenantId: DEFAULT_TENANT_ID,
    keyfileId,
    revokedBy: 'operator:test',
    reason: 'lost',
    correlationId: randomUUID(),
  });

describe('a keyfile', () => {
  it('can be read by the site it was made for', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const { document } = decodeKeyfile(Buffer.from(text), { now: new Date() });
    expect(document).toMatchObject({ keyfileId, siteName: 'Hamburg Süd', endpoints: [{ serverName: 'broker.test' }] });
  });

  it('leaves no copy of its token or claim key in the database', async () => {
    const { text } = await issuer.newKeyfile();
    const { token, claim } = decodeKeyfile(Buffer.from(text), { now: new Date() });
    const rows = await issuer.database.query<{ line: string }>(
      `SELECT t::text AS line FROM enrol_token t UNION ALL SELECT body FROM audit_event`,
    );
    const everything = rows.map(({ line }) => line).join('\n');
    const secrets = [token, claim.key.export({ format: 'der', type: 'pkcs8' })];
    for (const secret of secrets) {
      for (const form of ['hex', 'base64', 'base64url'] as const)
        expect(everything).not.toContain(secret.toString(form));
    }
  });

  it('is refused for a site of nobody, and shown to its own tenant only', async () => {
    expect(await codeOf(issuer.newKeyfile(randomUUID()))).toBe('not-found');
    const { keyfileId } = await issuer.newKeyfile();
    expect(await codeOf(issuer.keyfiles.get(randomUUID(), keyfileId))).toBe('keyfile-not-found');
  });

  it('is listed newest first, page by page', async () => {
    const siteId = await issuer.newSite();
    const made: string[] = [];
    for (let index = 0; index < 3; index += 1) made.unshift((await issuer.newKeyfile(siteId)).keyfileId);
    const first = await issuer.keyfiles.list({ tenantId: DEFAULT_TENANT_ID, siteId, limit: 2 });
    const cursor = first.nextCursor ?? '';
    const second = await issuer.keyfiles.list({ tenantId: DEFAULT_TENANT_ID, siteId, limit: 2, cursor });
    expect([...first.items, ...second.items].map((item) => item.keyfileId)).toEqual(made);
    expect(second.nextCursor).toBeNull();
  });
});

describe('redeeming a keyfile', () => {
  it('tells both addresses when a second key wants the keyfile', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    await issuer.enrolment.redeem(await redeemRequest(issuer, text));
    const thief = await redeemRequest(issuer, text, newSiteKeys(), { peerAddress: '198.51.100.66' });
    expect(await codeOf(issuer.enrolment.redeem(thief))).toBe('enrolment-used');
    const rows = await issuer.database.query<{ body: string }>('SELECT body FROM audit_event');
    const event = rows
      .map(({ body }) => body)
      .find((body) => body.includes('enrolment.contended') && body.includes(keyfileId));
    expect(event).toContain('198.51.100.66');
    expect(event).toContain('192.0.2.7');
  });

  it('gives the site a certificate for its own key and reports the site key', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const keys = newSiteKeys();
    const { certificateChain, trust } = await issuer.enrolment.redeem(await redeemRequest(issuer, text, keys));
    const [leaf, ca] = readCertificates(certificateChain);
    expect(leaf?.checkPrivateKey(keys.newKey)).toBe(true);
    expect(ca?.raw.equals(readCertificates(issuer.authority.issuers.agentCa)[0]?.raw ?? Buffer.of())).toBe(true);
    expect(trust).toEqual(issuer.authority.trust);
    expect(await stateOf(keyfileId)).toBe('redeemed');
    const [agent] = await issuer.database.query<{ site_tls_spki: Buffer }>(
      'SELECT site_tls_spki FROM agent a JOIN enrol_token t ON t.agent_id = a.id WHERE t.id = $1',
      [keyfileId],
    );
    expect(agent?.site_tls_spki.equals(spkiOf(createPublicKey(keys.siteKey)))).toBe(true);
  });

  it('gives the same key the same bytes again, on another connection too', async () => {
    const { text } = await issuer.newKeyfile();
    const keys = newSiteKeys();
    const requests = await Promise.all(Array.from({ length: 5 }, () => redeemRequest(issuer, text, keys)));
    const answers = await Promise.all(requests.map((request) => issuer.enrolment.redeem(request)));
    const again = await issuer.enrolment.redeem(await redeemRequest(issuer, text, keys));
    expect(new Set([...answers, again].map(({ certificateChain }) => certificateChain)).size).toBe(1);
  });

  it('has exactly one winner among 50 at once, in each of 100 rounds', async () => {
    for (let round = 0; round < 100; round += 1) {
      const { text } = await issuer.newKeyfile();
      const requests = await Promise.all(Array.from({ length: 50 }, () => redeemRequest(issuer, text)));
      const codes = await Promise.all(requests.map((request) => codeOf(issuer.enrolment.redeem(request))));
      expect(codes.toSorted()).toEqual([...Array.from({ length: 49 }, () => 'enrolment-used'), 'ok']);
    }
  }, 180_000);

  it('goes on with the same key, and no other, after the signing key was away', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const keys = newSiteKeys();
    const away = jest
      .spyOn(issuer.authority, 'certifyAgent')
      .mockRejectedValueOnce(new DomainError('unavailable', 'away'));
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, keys)))).toBe('unavailable');
    away.mockRestore();
    expect(await stateOf(keyfileId)).toBe('claimed');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text)))).toBe('enrolment-used');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, keys)))).toBe('ok');
  });

  it.each<[string, string, () => Deviation | Promise<Deviation>]>([
    ['the claim key of another keyfile', 'enrolment-bad-proof', () => ({ claimKey: generateKey() })],
    ['another token', 'enrolment-token-mismatch', () => ({ token: randomBytes(32) })],
    ['an unknown keyfile', 'enrolment-token-mismatch', () => ({ keyfileId: randomUUID() })],
    ['a proof of another connection', 'enrolment-bad-proof', () => ({ exporter: randomBytes(32).toString('base64') })],
    [
      'a site key the proof does not cover',
      'enrolment-bad-proof',
      () => ({ siteTlsSpki: spkiOf(createPublicKey(generateKey())).toString('base64') }),
    ],
    ['a site key that is none', 'enrolment-malformed', () => ({ siteTlsSpki: 'AAAA' })],
    ['a malformed certificate request', 'enrolment-bad-csr', () => ({ csr: 'nonsense' })],
    ['a token sealed to somebody else', 'enrolment-malformed', () => ({ sealedToken: 'nonsense' })],
  ])('is refused with %s, and leaves the token unburnt', async (_case, code, deviate) => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const request = await redeemRequest(issuer, text, newSiteKeys(), await deviate());
    expect(await codeOf(issuer.enrolment.redeem(request))).toBe(code);
    expect(await stateOf(keyfileId)).toBe('issued');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text)))).toBe('ok');
  });

  it('is refused for the claim key itself and for a key that has a certificate', async () => {
    const used = newSiteKeys();
    await issuer.enrolment.redeem(await redeemRequest(issuer, (await issuer.newKeyfile()).text, used));
    const { text, keyfileId } = await issuer.newKeyfile();
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, used)))).toBe('enrolment-bad-csr');
    const { claim } = decodeKeyfile(Buffer.from(text), { now: new Date() });
    const claimAsIdentity = await redeemRequest(issuer, text, { newKey: claim.key, siteKey: generateKey() });
    expect(await codeOf(issuer.enrolment.redeem(claimAsIdentity))).toBe('enrolment-bad-csr');
    expect(await stateOf(keyfileId)).toBe('issued');
  });

  it('is refused after its end, by the clock of the database', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const request = await redeemRequest(issuer, text);
    await issuer.database.query(
      `WITH tenant AS (SELECT set_config('adit.tenant', $2, false))
       UPDATE enrol_token SET expires_at = now() - interval '1 second' FROM tenant WHERE id = $1`,
      [keyfileId, DEFAULT_TENANT_ID],
    );
    expect(await codeOf(issuer.enrolment.redeem(request))).toBe('enrolment-expired');
    expect(await stateOf(keyfileId)).toBe('expired');
  });

  it('is refused once revoked', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    expect((await revoke(keyfileId)).state).toBe('revoked');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text)))).toBe('enrolment-revoked');
  });
});

describe('the first tunnel', () => {
  it('activates the certificate, closes the keyfile and may say so again', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const keys = newSiteKeys();
    const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text, keys));
    expect(await Promise.all([activate(certificateChain), activate(certificateChain)])).toEqual(['current', 'current']);
    expect(await stateOf(keyfileId)).toBe('closed');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, keys)))).toBe('enrolment-closed');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text)))).toBe('enrolment-used');
  });

  it('is refused for certificates that were never issued', async () => {
    const request = { serial: 'ab', agentId: randomUUID(), peerAddress: '192.0.2.7', correlationId: randomUUID() };
    expect(await codeOf(issuer.activation.activate(request))).toBe('certificate-unknown');
  });
});

describe('revoking', () => {
  it('a used keyfile ends its agent and puts the certificate into the feed, once', async () => {
    const { text, keyfileId } = await issuer.newKeyfile();
    const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text));
    await activate(certificateChain);
    const [leaf] = readCertificates(certificateChain);
    await revoke(keyfileId);
    await revoke(keyfileId);
    const feed = await issuer.database.query('SELECT serial, reason FROM revocation_feed WHERE serial = $1', [
      leaf === undefined ? '' : serialOf(leaf),
    ]);
    expect(feed).toEqual([{ serial: leaf === undefined ? '' : serialOf(leaf), reason: 'lost' }]);
    expect(await codeOf(activate(certificateChain))).toBe('enrolment-revoked');
  });

  it('does not happen by accident: an enrolled site gets a new keyfile only when its agent is to be replaced', async () => {
    const siteId = await issuer.newSite();
    const first = await issuer.newKeyfile(siteId);
    const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, first.text));
    await activate(certificateChain);
    expect(await codeOf(issuer.newKeyfile(siteId))).toBe('site-enrolled');
    expect(await stateOf(first.keyfileId)).toBe('closed');
  });

  it('happens to all that a site had when its agent is replaced', async () => {
    const siteId = await issuer.newSite();
    const first = await issuer.newKeyfile(siteId);
    const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, first.text));
    await activate(certificateChain);
    const second = await issuer.newKeyfile(siteId, true);
    const third = await issuer.newKeyfile(siteId);
    expect(await Promise.all([first, second, third].map(({ keyfileId }) => stateOf(keyfileId)))).toEqual([
      'revoked',
      'revoked',
      'issued',
    ]);
    expect(await codeOf(activate(certificateChain))).toBe('enrolment-revoked');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, third.text)))).toBe('ok');
  });
});
