import { DEFAULT_TENANT_ID, readJournal } from '@app/persistence';
import { generateKey } from '@app/pki';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { newSiteKeys, redeemRequest } from '../harness/enrolling-site.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { activation, enrolledAgent, type Holding, holdingOf, renewRequest } from '../harness/renewing-agent.js';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
}, 60_000);
afterAll(() => issuer.close());

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? 'no code',
  );

const order = (agentId: string) => ({
  tenantId: DEFAULT_TENANT_ID,
  agentId,
  actor: 'operator:test',
  reason: 'a test',
  correlationId: randomUUID(),
});

const renewed = async (from: Holding): Promise<Holding> => {
  const newKey = generateKey();
  const { certificateChain } = await issuer.renewal.renew(await renewRequest(from, newKey));
  return holdingOf(certificateChain, newKey);
};

const certificates = async ({ agentId }: Holding): Promise<string[]> => {
  const rows = await issuer.database.query<{ text: string }>(
    `SELECT generation || ' ' || state AS text FROM certificate WHERE agent_id = $1 ORDER BY generation`,
    [agentId],
  );
  return rows.map(({ text }) => text);
};

const audited = async ({ agentId }: Holding): Promise<string[]> => {
  const rows = await issuer.database.query<{ action: string }>(
    `SELECT body::jsonb ->> 'action' AS action FROM audit_event WHERE body::jsonb ->> 'subject' = $1 ORDER BY seq`,
    [agentId],
  );
  return rows.map(({ action }) => action);
};

/** Past the ten minutes in which both are good. */
const endGrace = ({ serial }: Holding) =>
  issuer.database.query(`UPDATE certificate SET superseded_at = now() - interval '11 minutes' WHERE serial = $1`, [
    serial,
  ]);

const expire = ({ serial }: Holding) =>
  issuer.database.query(
    `UPDATE certificate SET not_before = now() - interval '2 days', not_after = now() - interval '1 day' WHERE serial = $1`,
    [serial],
  );

describe('a renewal', () => {
  it('gives the same bytes for the same key, and leaves the old one current until the new one is used', async () => {
    const first = await enrolledAgent(issuer);
    const newKey = generateKey();
    const answers = [];
    for (let turn = 0; turn < 3; turn += 1) {
      answers.push((await issuer.renewal.renew(await renewRequest(first, newKey))).certificateChain);
    }
    expect(new Set(answers).size).toBe(1);
    expect(await certificates(first)).toEqual(['1 current', '2 pending']);
    const second = holdingOf(answers[0] ?? '', newKey);
    await issuer.activation.activate(activation(second));
    await issuer.activation.activate(activation(second));
    expect(await certificates(first)).toEqual(['1 superseded', '2 current']);
    expect(await audited(first)).toEqual(['agent.activated', 'renewal.issued', 'agent.renewed']);
    expect((await issuer.renewal.renew(await renewRequest(first, newKey))).certificateChain).toBe(answers[0]);
    expect(await codeOf(issuer.renewal.renew(await renewRequest(first)))).toBe('renewal-contended');
  });

  it('follows another, as often as it is asked for', async () => {
    let holding = await enrolledAgent(issuer);
    for (let turn = 0; turn < 5; turn += 1) {
      holding = await renewed(holding);
      await issuer.activation.activate(activation(holding));
    }
    expect((await certificates(holding)).at(-1)).toBe('6 current');
  });

  it('has one winner of many keys at once, and the others leave an audit row each', async () => {
    const first = await enrolledAgent(issuer);
    const requests = await Promise.all(Array.from({ length: 12 }, () => renewRequest(first)));
    const codes = await Promise.all(requests.map((request) => codeOf(issuer.renewal.renew(request))));
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code === 'renewal-contended')).toHaveLength(11);
    expect(await certificates(first)).toEqual(['1 current', '2 pending']);
    expect((await audited(first)).filter((action) => action === 'renewal.contended')).toHaveLength(11);
  });

  it('of one key many times at once is one certificate', async () => {
    const first = await enrolledAgent(issuer);
    const newKey = generateKey();
    const requests = await Promise.all(Array.from({ length: 12 }, () => renewRequest(first, newKey)));
    const answers = await Promise.all(requests.map((request) => issuer.renewal.renew(request)));
    expect(new Set(answers.map(({ certificateChain }) => certificateChain)).size).toBe(1);
    expect(await certificates(first)).toEqual(['1 current', '2 pending']);
  });

  it('is refused without both keys, for this very session, and writes nothing', async () => {
    const first = await enrolledAgent(issuer);
    const other = await enrolledAgent(issuer);
    const honest = await renewRequest(first);
    const attempts: [string, typeof honest][] = [
      ['enrolment-bad-proof', await renewRequest(first, generateKey(), generateKey())],
      ['enrolment-bad-proof', { ...honest, exporter: randomBytes(32).toString('base64') }],
      ['enrolment-bad-proof', { ...honest, proofs: { ...honest.proofs, newKey: honest.proofs.currentKey } }],
      ['enrolment-bad-proof', { ...honest, csr: (await renewRequest(first)).csr }],
      ['enrolment-bad-proof', { ...honest, serial: other.serial, agentId: other.agentId }],
      ['certificate-unknown', { ...honest, agentId: other.agentId }],
      ['certificate-unknown', { ...honest, serial: 'ab' }],
      ['enrolment-bad-csr', await renewRequest(first, first.key)],
      ['enrolment-bad-csr', { ...honest, csr: 'no request' }],
      ['enrolment-malformed', { ...honest, exporter: 'AAAA' }],
      ['enrolment-bad-csr', await renewRequest(first, other.key)],
    ];
    for (const [code, request] of attempts) expect(await codeOf(issuer.renewal.renew(request))).toBe(code);
    expect(await certificates(first)).toEqual(['1 current']);
    expect(await codeOf(issuer.renewal.renew(honest))).toBe('ok');
  });

  it('is refused for what is over, locked or revoked', async () => {
    const over = await enrolledAgent(issuer);
    await expire(over);
    expect(await codeOf(issuer.renewal.renew(await renewRequest(over)))).toBe('certificate-expired');
    const locked = await enrolledAgent(issuer);
    await issuer.agents.lock(order(locked.agentId));
    expect(await codeOf(issuer.renewal.renew(await renewRequest(locked)))).toBe('agent-locked');
    await issuer.agents.revoke(order(locked.agentId));
    expect(await codeOf(issuer.renewal.renew(await renewRequest(locked)))).toBe('agent-revoked');
  });

  it('that was issued is worth nothing once its agent is locked or revoked', async () => {
    const first = await enrolledAgent(issuer);
    const second = await renewed(first);
    await issuer.agents.lock(order(first.agentId));
    expect(await codeOf(issuer.activation.activate(activation(second)))).toBe('agent-locked');
    await issuer.agents.unlock(order(first.agentId));
    await issuer.agents.revoke(order(first.agentId));
    expect(await codeOf(issuer.activation.activate(activation(second)))).toBe('enrolment-revoked');
    expect(await certificates(first)).toEqual(['1 revoked', '2 revoked']);
  });
});

describe('a superseded certificate', () => {
  const stale = (holding: Holding) => issuer.agents.lockStale(activation(holding));

  it('locks the agent once its grace is over, and not before', async () => {
    const first = await enrolledAgent(issuer);
    const second = await renewed(first);
    await issuer.activation.activate(activation(second));
    expect(await codeOf(stale(first))).toBe('certificate-unknown');
    expect(await codeOf(stale(second))).toBe('certificate-unknown');
    await endGrace(first);
    await Promise.all([stale(first), stale(first), stale(first)]);
    expect((await audited(first)).filter((action) => action === 'agent.locked')).toHaveLength(1);
    const feed = await issuer.database.query(
      'SELECT serial, reason, effect FROM revocation_feed WHERE agent_id = $1 ORDER BY seq',
      [first.agentId],
    );
    expect(feed).toEqual([{ serial: null, reason: 'stale-certificate', effect: 'locked' }]);
  });
});

describe('locking and unlocking', () => {
  it('may be repeated, and is refused for an agent that is not there to be let in', async () => {
    const { agentId } = await enrolledAgent(issuer);
    for (const state of ['locked', 'locked']) expect(await issuer.agents.lock(order(agentId))).toEqual({ state });
    for (const state of ['active', 'active']) expect(await issuer.agents.unlock(order(agentId))).toEqual({ state });
    await issuer.agents.revoke(order(agentId));
    await issuer.agents.revoke(order(agentId));
    expect(await codeOf(issuer.agents.lock(order(agentId)))).toBe('agent-state');
    expect(await codeOf(issuer.agents.unlock(order(agentId)))).toBe('agent-state');
    expect(await codeOf(issuer.agents.lock(order(randomUUID())))).toBe('not-found');
    expect(await codeOf(issuer.agents.lock({ ...order(agentId), tenantId: randomUUID() }))).toBe('not-found');
  });
});

describe('the end of an agent', () => {
  const revokedRows = async (holding: Holding): Promise<number> =>
    (await audited(holding)).filter((action) => action === 'agent.revoked').length;

  it('is on record as that of the agent, once, whichever way it came', async () => {
    const siteId = await issuer.newSite();
    const byKeyfile = await enrolledAgent(issuer);
    const [token] = await issuer.database.query<{ id: string }>('SELECT id FROM enrol_token WHERE agent_id = $1', [
      byKeyfile.agentId,
    ]);
    const revocation = { ...order(byKeyfile.agentId), keyfileId: token?.id ?? '', revokedBy: 'operator:test' };
    for (let n = 0; n < 2; n++) await issuer.keyfiles.revoke(revocation);
    expect(await revokedRows(byKeyfile)).toBe(1);
    const replaced = await enrolledAgent(issuer, siteId);
    await issuer.newKeyfile(siteId, true);
    expect(await revokedRows(replaced)).toBe(1);
    const byName = await enrolledAgent(issuer);
    for (let n = 0; n < 2; n++) await issuer.agents.revoke(order(byName.agentId));
    expect(await revokedRows(byName)).toBe(1);
    const unused = await issuer.newKeyfile();
    const [waiting] = await issuer.database.query<{ agentId: string }>(
      'SELECT agent_id AS "agentId" FROM enrol_token WHERE id = $1',
      [unused.keyfileId],
    );
    await issuer.agents.revoke(order(waiting?.agentId ?? ''));
    expect(await revokedRows({ ...byName, agentId: waiting?.agentId ?? '' })).toBe(1);
  });
});

describe('the return of an agent', () => {
  const approve = async (agentId: string) => {
    const { sealedKeyfile, keyfile } = await issuer.returns.approve({ ...order(agentId), validForSeconds: 3_600 });
    return { keyfileId: keyfile.keyfileId, text: await issuer.open(sealedKeyfile) };
  };

  it('keeps the agent and gives it its next certificate, for a proof by its own key', async () => {
    const first = await enrolledAgent(issuer);
    await expire(first);
    const { text, keyfileId } = await approve(first.agentId);
    const keys = newSiteKeys();
    const stranger = await redeemRequest(issuer, text, keys, { identityKey: generateKey() });
    expect(await codeOf(issuer.enrolment.redeem(stranger))).toBe('enrolment-bad-proof');
    expect(await codeOf(issuer.enrolment.redeem(await redeemRequest(issuer, text, keys)))).toBe('enrolment-bad-proof');
    const honest = () => redeemRequest(issuer, text, keys, { identityKey: first.key });
    const answers = [await issuer.enrolment.redeem(await honest()), await issuer.enrolment.redeem(await honest())];
    expect(answers[1]).toEqual(answers[0]);
    const second = holdingOf(answers[0]?.certificateChain ?? '', keys.newKey);
    expect(second.agentId).toBe(first.agentId);
    await issuer.activation.activate(activation(second));
    expect(await certificates(first)).toEqual(['1 superseded', '2 current']);
    expect((await issuer.keyfiles.get(DEFAULT_TENANT_ID, keyfileId)).state).toBe('closed');
    expect((await audited(first)).slice(-2)).toEqual(['agent.return-approved', 'agent.returned']);
    expect(await codeOf(renewed(second))).toBe('ok');
  });

  it('is refused to a copy of an older state, which locks the agent once its grace is over', async () => {
    const first = await enrolledAgent(issuer);
    const second = await renewed(first);
    await issuer.activation.activate(activation(second));
    const { text } = await approve(first.agentId);
    const copied = async () =>
      issuer.enrolment.redeem(await redeemRequest(issuer, text, newSiteKeys(), { identityKey: first.key }));
    const locks = async () => (await audited(first)).filter((action) => action === 'agent.locked').length;
    expect(await codeOf(copied())).toBe('enrolment-bad-proof');
    expect(await locks()).toBe(0);
    await endGrace(first);
    expect(await codeOf(copied())).toBe('enrolment-bad-proof');
    expect(await codeOf(copied())).toBe('enrolment-bad-proof');
    expect(await locks()).toBe(1);
    expect(await certificates(first)).toEqual(['1 superseded', '2 current']);
  });

  it('takes a proof by the key that renews the present one', async () => {
    const first = await enrolledAgent(issuer);
    const { text } = await approve(first.agentId);
    const second = await renewed(first);
    const request = await redeemRequest(issuer, text, newSiteKeys(), { identityKey: second.key });
    expect(await codeOf(issuer.enrolment.redeem(request))).toBe('ok');
  });

  it('takes the place of a renewal whose key was lost', async () => {
    const first = await enrolledAgent(issuer);
    await renewed(first);
    const { text } = await approve(first.agentId);
    expect(await certificates(first)).toEqual(['1 current', '2 revoked']);
    // One more, between the approval and its use.
    await renewed(first);
    const keys = newSiteKeys();
    const request = await redeemRequest(issuer, text, keys, { identityKey: first.key });
    const { certificateChain } = await issuer.enrolment.redeem(request);
    await issuer.activation.activate(activation(holdingOf(certificateChain, keys.newKey)));
    expect(await certificates(first)).toEqual(['1 superseded', '2 revoked', '3 revoked', '4 current']);
    const dropped = await issuer.database.query<{ serial: string }>(
      `SELECT serial FROM certificate WHERE agent_id = $1 AND state = 'revoked' ORDER BY generation`,
      [first.agentId],
    );
    const feed = 'SELECT serial FROM revocation_feed WHERE agent_id = $1 ORDER BY seq';
    expect(await issuer.database.query(feed, [first.agentId])).toEqual(dropped);
    // A restore of an older backup takes them back again.
    const journal = await readJournal(join(issuer.directory, 'revocation.journal'));
    expect(
      journal?.events.flatMap((event) => (event.kind === 'certificate-revoked' ? event.serials : [])).slice(-2),
    ).toEqual(dropped.map(({ serial }) => serial));
  });

  it('can be taken back while it is open, without touching the agent; afterwards it is the agent', async () => {
    const first = await enrolledAgent(issuer);
    const revoke = (keyfileId: string) =>
      issuer.keyfiles.revoke({ ...order(first.agentId), keyfileId, revokedBy: 'operator:test' });
    const lost = await approve(first.agentId);
    await revoke(lost.keyfileId);
    expect(await certificates(first)).toEqual(['1 current']);
    const request = await redeemRequest(issuer, lost.text, newSiteKeys(), { identityKey: first.key });
    expect(await codeOf(issuer.enrolment.redeem(request))).toBe('enrolment-revoked');
    const replaced = await approve(first.agentId);
    const used = await approve(first.agentId);
    expect((await issuer.keyfiles.get(DEFAULT_TENANT_ID, replaced.keyfileId)).state).toBe('revoked');
    const keys = newSiteKeys();
    const honest = await redeemRequest(issuer, used.text, keys, { identityKey: first.key });
    const { certificateChain } = await issuer.enrolment.redeem(honest);
    await issuer.activation.activate(activation(holdingOf(certificateChain, keys.newKey)));
    await revoke(used.keyfileId);
    expect(await certificates(first)).toEqual(['1 revoked', '2 revoked']);
  });

  it('is approved for active agents only', async () => {
    const first = await enrolledAgent(issuer);
    await issuer.agents.lock(order(first.agentId));
    expect(await codeOf(approve(first.agentId))).toBe('agent-state');
    expect(await codeOf(approve(randomUUID()))).toBe('not-found');
  });
});
