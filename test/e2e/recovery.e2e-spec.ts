import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { DomainError, recoveryApprove, recoveryClose, recoveryGet } from '@app/contracts';
import { SessionRefusedError, type Session } from '@app/multiplex';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import {
  agentProfile,
  certificatePem,
  generateKey,
  homeOf,
  issueCertificate,
  notAfterOf,
  notBeforeOf,
  privateKeyPem,
  readCertificates,
  serialOf,
  spkiOf,
  spkiSha256,
} from '@app/pki';
import { openIssuerTree } from '../harness/issuer-tree.js';
import { LosableCloud, type IssuedKeyfile } from '../harness/losable-cloud.js';
import { closeOf, type Credentials, enrol, enrolled, openTunnel } from '../harness/tunnel-agent.js';

jest.setTimeout(240_000);

interface Agent extends IssuedKeyfile {
  credentials: Credentials;
}

/** What a broker's gate lets one address have under way is more. */
const AT_ONCE = 8;
/** Certificates tell time in seconds. */
const NEXT_SECOND_MS = 1_100;

let cloud: LosableCloud;
let backup: string;

const inTurns = async <Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> => {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
};

/** `in`, or why not. */
const outcomeOf = async ({ credentials }: Agent): Promise<string> => {
  try {
    const session = await openTunnel(cloud.tunnelPort, credentials);
    session.close('agent-stopped');
    await closeOf(session);
    return 'in';
  } catch (error) {
    if (error instanceof SessionRefusedError) return error.code;
    throw error;
  }
};

const tally = async (agents: Agent[]): Promise<Record<string, number>> => {
  const counted: Record<string, number> = {};
  for (const outcome of await inTurns(agents, outcomeOf)) counted[outcome] = (counted[outcome] ?? 0) + 1;
  return counted;
};

/** Enrolled, and its tunnel was up once. */
const joined = async (keyfile: IssuedKeyfile): Promise<Agent> => {
  const agent = { ...keyfile, credentials: await enrolled(cloud.tunnelPort, keyfile.text) };
  const outcome = await outcomeOf(agent);
  if (outcome !== 'in') throw new Error(`an agent does not come in: ${outcome}`);
  return agent;
};

const newAgents = (count: number): Promise<Agent[]> =>
  inTurns(Array.from({ length: count }), async () => joined(await cloud.newKeyfile(await cloud.newSite())));

const serialIn = ({ credentials }: Agent): string => {
  const [leaf] = readCertificates(credentials.chain);
  return leaf === undefined ? '' : serialOf(leaf);
};

/** By the keys of the cloud, of the time before the restore, and on no record: as who has the CA's key would make it. */
const certifiedAnew = async (agent: Agent): Promise<Agent> => {
  const { agentCa } = await openIssuerTree(cloud.dir);
  const [old] = readCertificates(agent.credentials.chain);
  if (old === undefined) throw new Error('no certificate');
  const key = generateKey();
  const profile = agentProfile('adit', agent.agentId, { home: homeOf(old) });
  const order = { profile, spki: spkiOf(createPublicKey(key)), now: new Date() };
  const certificate = await issueCertificate(order, agentCa);
  const chain = certificatePem(certificate.raw) + certificatePem(agentCa.certificate.raw);
  return { ...agent, credentials: { ...agent.credentials, key: privateKeyPem(key), chain } };
};

/** A new certificate for a new key, as a renewal leaves it. */
const renewed = async (agent: Agent): Promise<Agent> => {
  const tree = await openIssuerTree(cloud.dir);
  const [old] = readCertificates(agent.credentials.chain);
  if (old === undefined) throw new Error('no certificate');
  const key = generateKey();
  const spki = spkiOf(createPublicKey(key));
  const profile = agentProfile('adit', agent.agentId, { home: homeOf(old) });
  const certificate = await issueCertificate({ profile, spki, now: new Date() }, tree.agentCa);
  const chain = certificatePem(tree.agentCa.certificate.raw);
  await cloud.database.query(`UPDATE certificate SET state = 'superseded', superseded_at = now() WHERE agent_id = $1`, [
    agent.agentId,
  ]);
  await cloud.database.query(
    `INSERT INTO certificate (serial, tenant_id, agent_id, spki_sha256, renews, generation, state, der, issuer_chain, not_before,
       not_after, activated_at) VALUES ($1, $2, $3, $4, $5, 2, 'current', $6, $7, $8, $9, now())`,
    [
      serialOf(certificate),
      DEFAULT_TENANT_ID,
      agent.agentId,
      spkiSha256(spki),
      serialOf(old),
      certificate.raw,
      chain,
      notBeforeOf(certificate),
      notAfterOf(certificate),
    ],
  );
  const credentials = { ...agent.credentials, key: privateKeyPem(key), chain: certificatePem(certificate.raw) + chain };
  return { ...agent, credentials };
};

const pinsOf = (agents: Agent[]): Promise<{ id: string; label: string; site_tls_spki: Buffer }[]> =>
  cloud.database.query(
    `SELECT a.id, s.label, a.site_tls_spki FROM agent a JOIN site s ON s.id = a.site_id WHERE a.id = ANY ($1) ORDER BY a.id`,
    [agents.map(({ agentId }) => agentId)],
  );

beforeAll(async () => {
  cloud = await LosableCloud.start();
  backup = join(cloud.dir, 'other-disk', 'yesterday.backup');
});
afterAll(() => cloud?.stop());

const takeBackup = async (file = backup): Promise<void> => {
  const { out } = await cloud.adit('backup', 'keygen', '--output', `${file}.key`);
  const taken = await cloud.adit('backup', '--output', file, '--recipient', out.trim(), '--journal', cloud.journal);
  expect(taken).toMatchObject({ code: 0, err: '' });
};

const restore = async (...flags: string[]): Promise<void> => {
  expect(await cloud.adit('restore', backup, '--identity', `${backup}.key`, ...flags)).toMatchObject({
    code: 0,
    err: '',
  });
};

describe('yesterday’s backup, after the loss of everything else, for 100 identities', () => {
  let known: Agent[];
  let lateKeyfiles: IssuedKeyfile[];
  let unused: IssuedKeyfile;
  let late: Agent[];
  let fresh: Agent[];
  let replaced: { before: Agent[]; after: Agent[] };
  let renewedAgents: { before: Agent[]; after: Agent[] };
  let revoked: Agent[];
  let expectedIn: Agent[];
  let before: Record<string, number>;
  let pins: Awaited<ReturnType<typeof pinsOf>>;

  beforeAll(async () => {
    known = await newAgents(60);
    lateKeyfiles = await inTurns(Array.from({ length: 5 }), async () => cloud.newKeyfile(await cloud.newSite()));
    unused = await cloud.newKeyfile(await cloud.newSite());
    await takeBackup();
    await new Promise((resolve) => setTimeout(resolve, NEXT_SECOND_MS));
    late = await inTurns(lateKeyfiles, joined);
    fresh = await newAgents(20);
    const toReplace = known.slice(0, 5);
    const after = await inTurns(toReplace, async ({ siteId }) => joined(await cloud.newKeyfile(siteId, true)));
    replaced = { before: toReplace, after };
    const toRenew = known.slice(5, 15);
    renewedAgents = { before: toRenew, after: await inTurns(toRenew, renewed) };
    revoked = [...known.slice(15, 20), ...fresh.slice(0, 5)];
    for (const { keyfileId } of revoked) await cloud.revoke(keyfileId);
    expectedIn = [...known.slice(20), ...renewedAgents.after, ...late, ...fresh.slice(5), ...after];
    before = await tally(expectedIn);
    pins = await pinsOf(expectedIn);
  });

  describe('with the revocation journal', () => {
    beforeAll(async () => {
      await cloud.lose();
      await restore('--journal', cloud.journal);
      await cloud.startApps();
    });

    it('brings every agent back unaided, those enrolled, renewed or replaced since included', async () => {
      expect(before).toEqual({ in: 75 });
      expect(await tally(expectedIn)).toEqual(before);
      expect((await cloud.messages.request(recoveryGet, {})).recovery).toMatchObject({
        journal: 'merged',
        recovered: 35,
        awaitingApproval: 0,
        closedAt: null,
      });
    });

    it('undoes no revocation', async () => {
      const refused = { 'agent-revoked': 5, 'certificate-revoked': 5 };
      expect(await tally(revoked)).toEqual(refused);
      expect(await tally(replaced.before)).toEqual({ 'certificate-revoked': 5 });
    });

    it('puts sites back under their own labels, with the pins of their video', async () => {
      expect(await pinsOf(expectedIn)).toEqual(pins);
    });

    it('lets nobody use a keyfile that was used since, and still takes one that was not', async () => {
      for (const { text } of lateKeyfiles) {
        expect(await enrol(cloud.tunnelPort, text)).toMatchObject({ ok: false, code: 'enrolment-used' });
      }
      expect(await enrol(cloud.tunnelPort, unused.text)).toMatchObject({ ok: true });
    });

    it('has put on record what it did', async () => {
      const rows = await cloud.database.query<{ action: string; count: number }>(
        `SELECT body::jsonb ->> 'action' AS action, count(*)::int FROM audit_event WHERE body::jsonb ->> 'action' ~ 'recover|restored'
          GROUP BY 1 ORDER BY 1`,
      );
      expect(rows).toEqual([
        { action: 'agent.recovered', count: 35 },
        { action: 'agent.recovery-refused', count: 5 },
        { action: 'deployment.restored', count: 1 },
      ]);
    });

    it('takes a restored agent’s revocation as any other one’s', async () => {
      const [agent] = late;
      if (agent === undefined) throw new Error('no agent');
      const session = await openTunnel(cloud.tunnelPort, agent.credentials);
      await cloud.revoke(agent.keyfileId);
      expect(await closeOf(session)).toMatchObject({ code: 'certificate-revoked' });
      expect(await outcomeOf(agent)).toBe('certificate-revoked');
    });

    it('puts nobody back once the recovery is closed', async () => {
      await cloud.messages.request(recoveryClose, { decidedBy: 'operator:test', correlationId: 'c' });
      const [agent] = fresh.slice(10);
      await cloud.database.query('DELETE FROM certificate WHERE agent_id = $1', [agent?.agentId]);
      expect(agent && (await outcomeOf(agent))).toBe('certificate-unknown');
    });
  });

  describe('without the revocation journal', () => {
    beforeAll(async () => {
      await cloud.lose();
      await restore('--without-journal');
      await cloud.startApps();
    });

    it('brings back whom it knows; all others wait', async () => {
      expect(await tally(known.slice(20))).toEqual({ in: 40 });
      expect(await tally(fresh)).toEqual({ 'recovery-pending': 20 });
      expect(await tally(renewedAgents.after)).toEqual({ 'recovery-pending': 10 });
      const { recovery } = await cloud.messages.request(recoveryGet, {});
      expect(recovery).toMatchObject({ journal: 'absent', awaitingApproval: 30 });
      expect(recovery?.waiting.map(({ agentId }) => agentId)).toContain(fresh[0]?.agentId);
    });

    it('lets in whom an operator approves, and does it once', async () => {
      const [agent, other] = fresh.slice(6);
      if (agent === undefined || other === undefined) throw new Error('no agents');
      const decision = { decidedBy: 'operator:test', correlationId: 'c' };
      const { agentId } = agent;
      for (let n = 0; n < 2; n++)
        await cloud.messages.request(recoveryApprove, { agentId, serial: serialIn(agent), ...decision });
      expect(await outcomeOf(agent)).toBe('in');
      expect(await outcomeOf(other)).toBe('recovery-pending');
      const nobody = cloud.messages.request(recoveryApprove, {
        agentId: DEFAULT_TENANT_ID,
        serial: serialIn(agent),
        ...decision,
      });
      await expect(nobody).rejects.toThrow(DomainError);
    });

    it('lets in the certificate that was approved, and none that the same agent shows besides', async () => {
      const [agent] = renewedAgents.after;
      if (agent === undefined) throw new Error('no agent');
      const forged = await certifiedAnew(agent);
      expect(await tally([forged, agent])).toEqual({ 'recovery-pending': 2 });
      const waiting = await cloud.database.query<{ serial: string }>(
        'SELECT serial FROM recovery_request WHERE agent_id = $1 ORDER BY serial',
        [agent.agentId],
      );
      expect(waiting.map(({ serial }) => serial)).toEqual([agent, forged].map(serialIn).sort());
      const decision = { decidedBy: 'operator:test', correlationId: 'c' };
      await cloud.messages.request(recoveryApprove, { agentId: agent.agentId, serial: serialIn(agent), ...decision });
      expect(await outcomeOf(agent)).toBe('in');
      expect(await outcomeOf(forged)).not.toBe('in');
    });

    it('has no keyfile that could be redeemed twice', async () => {
      for (const { text } of lateKeyfiles) {
        expect(await enrol(cloud.tunnelPort, text)).toMatchObject({ ok: false, code: 'enrolment-revoked' });
      }
    });
  });
});

describe('a restore under a running broker', () => {
  it('ends the sessions that it does not know, follows revocations anew, and brings the agents back', async () => {
    const [old, gone] = await newAgents(2);
    const file = `${backup}.again`;
    await takeBackup(file);
    await new Promise((resolve) => setTimeout(resolve, NEXT_SECOND_MS));
    const [since] = await newAgents(1);
    if (old === undefined || gone === undefined || since === undefined) throw new Error('no agents');
    const sessions: Session[] = [];
    for (const { credentials } of [old, since]) sessions.push(await openTunnel(cloud.tunnelPort, credentials));
    await cloud.revoke(gone.keyfileId);
    const flags = ['--journal', cloud.journal, '--replace', '--confirm', 'adit'];
    expect(await cloud.adit('restore', file, '--identity', `${file}.key`, ...flags)).toMatchObject({ code: 0 });
    for (const session of sessions) expect(await closeOf(session)).toMatchObject({ code: 'database-restored' });
    expect(await tally([old, since])).toEqual({ in: 2 });
    expect(await outcomeOf(gone)).toBe('certificate-revoked');
    const [stays, goes] = [
      await openTunnel(cloud.tunnelPort, old.credentials),
      await openTunnel(cloud.tunnelPort, since.credentials),
    ];
    // Its keyfile was lost with the database: the next one of its site takes its place all the same.
    await cloud.newKeyfile(since.siteId, true);
    // Which of the two comes first is the broker's affair: the feed, or its look at the record.
    expect((await closeOf(goes)).code).toMatch(/^(?:certificate|agent)-revoked$/);
    expect(stays.closeReason).toBeUndefined();
    stays.close('agent-stopped');
    await closeOf(stays);
  });
});
