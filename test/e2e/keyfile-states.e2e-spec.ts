import { DEFAULT_TENANT_ID } from '@app/persistence';
import { identityOf, readCertificates, serialOf } from '@app/pki';
import { randomUUID } from 'node:crypto';
import { newSiteKeys, redeemRequest } from '../harness/enrolling-site.js';
import { issueRequest, startIssuer, type TestIssuer } from '../harness/issuer.js';

const tenantId = DEFAULT_TENANT_ID;
const correlationId = randomUUID();

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
}, 60_000);
afterAll(() => issuer.close());

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

const get = (keyfileId: string) => issuer.keyfiles.get(tenantId, keyfileId);

const regenerate = (keyfileId: string) =>
  issuer.regeneration.regenerate({
    tenantId,
    keyfileId,
    issuedBy: 'operator:second',
    validForSeconds: 3600,
    sealed: false,
    correlationId,
  });

const replaceAtEnrolment = async (siteId: string) => {
  const request = { ...issueRequest(siteId), replace: true, replaceAt: 'enrolment' as const };
  const issued = await issuer.keyfiles.issue(request);
  return { ...issued.keyfile, text: await issuer.open(issued.sealedKeyfile) };
};

const redeem = async (text: string): Promise<{ serial: string; agentId: string }> => {
  const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text, newSiteKeys()));
  const [leaf] = readCertificates(certificateChain);
  const identity = leaf && identityOf(leaf);
  if (!leaf || identity?.kind !== 'agent') throw new Error('no agent');
  return { serial: serialOf(leaf), agentId: identity.agentId };
};

const activate = (certificate: { serial: string; agentId: string }) =>
  issuer.activation.activate({ ...certificate, peerAddress: '198.51.100.4', correlationId });

const enrol = async (text: string) => {
  const certificate = await redeem(text);
  await activate(certificate);
  return certificate;
};

const stateOfAgent = async (agentId: string): Promise<string | undefined> =>
  (await issuer.database.query<{ state: string }>('SELECT state FROM agent WHERE id = $1', [agentId]))[0]?.state;

const feed = async (agentId: string): Promise<{ serial: string; reason: string }[]> =>
  issuer.database.query('SELECT serial, reason FROM revocation WHERE agent_id = $1', [agentId]);

describe('each step of a keyfile', () => {
  it('says when it was, by whom or from where', async () => {
    const { keyfileId, text } = await issuer.newKeyfile();
    expect(await get(keyfileId)).toMatchObject({ downloadedBy: 'operator:test', claimedFrom: null, closedAt: null });
    await enrol(text);
    const used = await get(keyfileId);
    expect(used).toMatchObject({ state: 'closed', claimedFrom: '192.0.2.7', closedFrom: '198.51.100.4' });
    for (const at of [used.downloadedAt, used.claimedAt, used.redeemedAt, used.closedAt]) expect(at).not.toBeNull();
    await issuer.keyfiles.revoke({ tenantId, keyfileId, revokedBy: 'operator:b', reason: 'stolen', correlationId });
    const revoked = { state: 'revoked', revokedBy: 'operator:b', revokeReason: 'stolen', closedAt: used.closedAt };
    expect(await get(keyfileId)).toMatchObject(revoked);
  });

  it('that was kept for a download is noted once, at the first one', async () => {
    const request = { ...issueRequest(await issuer.newSite()), delivered: false, sealed: true };
    const { keyfileId } = (await issuer.keyfiles.issue(request)).keyfile;
    expect(await get(keyfileId)).toMatchObject({ downloadedAt: null, downloadedBy: null, sealed: true });
    const note = (deliveredTo: string) =>
      issuer.keyfiles.noteDelivery({ tenantId, keyfileIds: [keyfileId, randomUUID()], deliveredTo, correlationId });
    expect([await note('operator:a'), await note('operator:b')]).toEqual([1, 0]);
    expect(await get(keyfileId)).toMatchObject({ downloadedBy: 'operator:a' });
  });

  it('is what a list can be asked for, the expired ones by the database’s clock', async () => {
    const siteId = await issuer.newSite();
    const { keyfileId: old } = await issuer.newKeyfile(siteId);
    const { keyfileId: open } = await issuer.newKeyfile(siteId);
    const list = async (state: 'issued' | 'revoked' | 'expired') =>
      (await issuer.keyfiles.list({ tenantId, siteId, state, limit: 50 })).items.map((item) => item.keyfileId);
    expect([await list('issued'), await list('revoked'), await list('expired')]).toEqual([[open], [old], []]);
    await issuer.database.query(
      "UPDATE enrol_token SET issued_at = now() - interval '2 h', expires_at = now() - interval '1 h' WHERE id = $1",
      [open],
    );
    expect([await list('issued'), await list('revoked'), await list('expired')]).toEqual([[], [old], [open]]);
  });
});

describe('regenerating a keyfile', () => {
  it('takes the old one back and issues another for the same agent', async () => {
    const { keyfileId, text } = await issuer.newKeyfile();
    const { keyfile, sealedKeyfile } = await regenerate(keyfileId);
    expect(keyfile).toMatchObject({ regenerates: keyfileId, agentId: (await get(keyfileId)).agentId, state: 'issued' });
    expect(await get(keyfileId)).toMatchObject({
      state: 'revoked',
      revokedBy: 'operator:second',
      revokeReason: 'regenerated',
    });
    expect(await codeOf(redeem(text))).toBe('enrolment-revoked');
    const { agentId } = await enrol(await issuer.open(sealedKeyfile));
    expect([agentId, await stateOfAgent(agentId)]).toEqual([keyfile.agentId, 'active']);
  });

  it('cures one that has expired, and one that another machine has claimed', async () => {
    const expired = await issuer.newKeyfile();
    await issuer.database.query(
      "UPDATE enrol_token SET issued_at = now() - interval '2 h', expires_at = now() - interval '1 h' WHERE id = $1",
      [expired.keyfileId],
    );
    expect(await codeOf(redeem(expired.text))).toBe('enrolment-expired');
    const claimed = await issuer.newKeyfile();
    await issuer.database.query(
      "UPDATE enrol_token SET state = 'claimed', claimed_at = now(), claimed_from = 'x', csr_spki = '\\x00' WHERE id = $1",
      [claimed.keyfileId],
    );
    expect(await codeOf(redeem(claimed.text))).toBe('enrolment-used');
    for (const { keyfileId } of [expired, claimed]) {
      const { sealedKeyfile } = await regenerate(keyfileId);
      await enrol(await issuer.open(sealedKeyfile));
    }
  });

  it('is refused once an identity came of it, after it was revoked, and for another tenant’s', async () => {
    const used = await issuer.newKeyfile();
    const certificate = await redeem(used.text);
    expect(await codeOf(regenerate(used.keyfileId))).toBe('keyfile-state');
    await activate(certificate);
    expect(await codeOf(regenerate(used.keyfileId))).toBe('keyfile-state');
    const old = await issuer.newKeyfile();
    await regenerate(old.keyfileId);
    expect(await codeOf(regenerate(old.keyfileId))).toBe('keyfile-state');
    expect(await codeOf(regenerate(randomUUID()))).toBe('keyfile-not-found');
    const refused = await issuer.database.query<{ state: string }>(
      "SELECT body::jsonb -> 'details' ->> 'state' AS state FROM audit_event WHERE body::jsonb ->> 'action' = 'keyfile.regenerate-refused' ORDER BY seq",
    );
    expect(refused.map(({ state }) => state)).toEqual(['redeemed', 'closed', 'revoked']);
  });

  it('leaves one open keyfile when it races with itself, with an issue and with the enrolment', async () => {
    for (let round = 0; round < 15; round += 1) {
      const siteId = await issuer.newSite();
      const { keyfileId, text } = await issuer.newKeyfile(siteId);
      const outcomes = await Promise.all([
        codeOf(regenerate(keyfileId)),
        codeOf(regenerate(keyfileId)),
        codeOf(issuer.newKeyfile(siteId)),
        codeOf(redeem(text)),
      ]);
      const good = ['ok', 'keyfile-state', 'site-enrolled', 'enrolment-revoked'];
      expect(outcomes.filter((code) => !good.includes(code))).toEqual([]);
      const rows = await issuer.database.query<{ open: number }>(
        "SELECT count(*)::int AS open FROM enrol_token WHERE site_id = $1 AND state <> 'revoked'",
        [siteId],
      );
      expect([round, rows]).toEqual([round, [{ open: 1 }]]);
    }
  }, 60_000);
});

describe('replacing the server of a site at the enrolment of the new one', () => {
  it('leaves the old one in service until the first tunnel of the new one, and takes it back in that transaction', async () => {
    const siteId = await issuer.newSite();
    const old = await enrol((await issuer.newKeyfile(siteId)).text);
    const { text, agentId } = await replaceAtEnrolment(siteId);
    const successor = await redeem(text);
    expect([await stateOfAgent(old.agentId), await feed(old.agentId)]).toEqual(['active', []]);
    await activate(successor);
    expect(await stateOfAgent(old.agentId)).toBe('revoked');
    expect(await feed(old.agentId)).toEqual([{ serial: old.serial, reason: 'replaced' }]);
    expect(await stateOfAgent(agentId)).toBe('active');
    // Doing it again takes nobody back.
    await activate(successor);
    expect(await stateOfAgent(agentId)).toBe('active');
  });

  it('is called off by taking the waiting keyfile back, also after it was redeemed', async () => {
    const siteId = await issuer.newSite();
    const old = await enrol((await issuer.newKeyfile(siteId)).text);
    const { keyfileId, text } = await replaceAtEnrolment(siteId);
    const successor = await redeem(text);
    const second = await replaceAtEnrolment(siteId);
    expect(await codeOf(activate(successor))).toBe('enrolment-revoked');
    expect((await get(keyfileId)).state).toBe('revoked');
    await issuer.keyfiles.revoke({
      tenantId,
      keyfileId: second.keyfileId,
      revokedBy: 'operator:test',
      reason: 'changed my mind',
      correlationId,
    });
    expect(await stateOfAgent(old.agentId)).toBe('active');
  });

  it('keeps its meaning when the waiting keyfile is regenerated', async () => {
    const siteId = await issuer.newSite();
    const old = await enrol((await issuer.newKeyfile(siteId)).text);
    const { sealedKeyfile } = await regenerate((await replaceAtEnrolment(siteId)).keyfileId);
    await enrol(await issuer.open(sealedKeyfile));
    expect(await stateOfAgent(old.agentId)).toBe('revoked');
  });

  it('leaves exactly one agent in service when it races with a replacement now', async () => {
    for (let round = 0; round < 15; round += 1) {
      const siteId = await issuer.newSite();
      await enrol((await issuer.newKeyfile(siteId)).text);
      const successor = await redeem((await replaceAtEnrolment(siteId)).text);
      const outcomes = await Promise.all([
        codeOf(activate(successor)),
        codeOf(issuer.newKeyfile(siteId, true)),
        codeOf(activate(successor)),
      ]);
      expect(outcomes.filter((code) => !['ok', 'enrolment-revoked'].includes(code))).toEqual([]);
      const agents = await issuer.database.query<{ state: string }>(
        "SELECT state FROM agent WHERE site_id = $1 AND state <> 'revoked'",
        [siteId],
      );
      // The issue revokes whatever was there before it; only its own agent is left, waiting.
      expect([round, agents]).toEqual([round, [{ state: 'pending' }]]);
    }
  }, 60_000);
});
