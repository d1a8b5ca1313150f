import { DomainError, type RotationAction } from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { decodeKeyfile, isIssuedDirectlyBy, readCertificates, verifyTrustBundle } from '@app/pki';
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RotationService } from '../../apps/keyfile-issuer/src/authority/rotation.service.js';
import { redeemRequest } from '../harness/enrolling-site.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await startIssuer();
}, 60_000);
afterEach(() => issuer.close());

const request = (action: RotationAction, revision?: number) => ({
  action,
  actor: 'operator:anna',
  correlationId: randomUUID(),
  ...(revision === undefined ? {} : { revision }),
});
const rotate = (action: RotationAction, by: RotationService = issuer.rotation, revision?: number) =>
  by.rotate(request(action, revision));
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
const until = async (...actions: RotationAction[]): Promise<void> => {
  for (const action of actions) await rotate(action);
};
const auditOf = async (prefix: string): Promise<{ action: string; subject: string }[]> =>
  issuer.database.query(
    `SELECT body::jsonb ->> 'action' AS action, body::jsonb ->> 'subject' AS subject FROM audit_event
      WHERE body::jsonb ->> 'action' LIKE $1 ORDER BY seq`,
    [`${prefix}%`],
  );
const keysOnDisk = async (): Promise<string[]> =>
  (await readdir(issuer.directory)).filter((name) => name.endsWith('.key')).toSorted();

const FIRST = ['agent-ca.key', 'claim-ca.key', 'keyfile-signing.key', 'root.key', 'server-ca.key'];
const SECOND = FIRST.map((name) => name.replace('.key', '-2.key'));

/** A site that has enrolled; its agent counts as seen just now. */
const enrol = async (): Promise<{ agentId: string; chain: string }> => {
  const { text } = await issuer.newKeyfile();
  const { certificateChain } = await issuer.enrolment.redeem(await redeemRequest(issuer, text));
  const { agentId } = decodeKeyfile(Buffer.from(text), { now: new Date() }).document;
  return { agentId, chain: certificateChain };
};

const acknowledge = (agentId: string, bundleVersion: number) =>
  issuer.acknowledgements.record([{ tenantId: DEFAULT_TENANT_ID, agentId, bundleVersion }]);

describe('a rotation of the CAs', () => {
  it('goes through its steps, each on record, and ends with the new CAs alone', async () => {
    const before = issuer.authority.trust;
    await until('prepare', 'publish', 'activate', 'taint', 'retire');
    const { step, bundleVersion, certificates } = await issuer.viewer.view();
    expect({ step, bundleVersion }).toEqual({ step: 'idle', bundleVersion: 3 });
    expect(new Set(certificates.map(({ generation }) => generation))).toEqual(new Set([2]));
    expect(issuer.authority.trust.roots).not.toEqual(before.roots);
    expect(await keysOnDisk()).toEqual(SECOND);
    expect((await auditOf('authority.')).map(({ action }) => action)).toEqual([
      'authority.rotation-prepare',
      'authority.rotation-publish',
      'authority.rotation-activate',
      'authority.rotation-taint',
      'authority.rotation-retire',
    ]);
  });

  it('can be followed by the next one', async () => {
    const all = ['prepare', 'publish', 'activate', 'taint', 'retire'] as const;
    await until(...all, ...all);
    expect(await keysOnDisk()).toEqual(FIRST.map((name) => name.replace('.key', '-3.key')));
    expect((await enrol()).chain).toContain('BEGIN CERTIFICATE');
  });

  it('publishes lists that each agent can follow from the root it had', async () => {
    const deployment = 'test';
    const first = issuer.authority.trust;
    await until('prepare', 'publish');
    const both = verifyTrustBundle(issuer.authority.signedTrust, { deployment, trust: first });
    expect(both.roots).toEqual(issuer.authority.trust.roots);
    await until('activate', 'taint', 'retire');
    const last = issuer.authority.signedTrust;
    expect(verifyTrustBundle(last, { deployment, trust: both }).roots).toEqual(issuer.authority.trust.roots);
    expect(verifyTrustBundle(last, { deployment, trust: first }).roots).toHaveLength(1);
  });

  it('keeps keyfiles of before, during and after it consistent with themselves', async () => {
    const actions = ['prepare', 'publish', 'activate', 'taint', 'rollback', 'rollback', 'rollback'] as const;
    for (const action of actions) {
      await rotate(action).catch(() => undefined);
      const { text, keyfileId } = await issuer.newKeyfile();
      const { document, deployment } = decodeKeyfile(Buffer.from(text), { now: new Date() });
      expect({ deployment, roots: document.trust.roots }).toEqual({
        deployment: 'test',
        roots: issuer.authority.trust.roots,
      });
      await issuer.keyfiles.revoke({
        tenantId: DEFAULT_TENANT_ID,
        keyfileId,
        revokedBy: 'operator:test',
        reason: 'test',
        correlationId: randomUUID(),
      });
    }
  });

  it('certifies with the new CA from the activation on, and with the old one after a rollback', async () => {
    await until('prepare', 'publish');
    const issuerOf = async (): Promise<number> => {
      const [leaf, ca] = readCertificates((await enrol()).chain);
      const { current, next } = issuer.state.current;
      expect(leaf && ca && isIssuedDirectlyBy(leaf, ca)).toBe(true);
      return (
        [current, next].find((tree) => tree?.agentCa.certificate.serialNumber === ca?.serialNumber)?.generation ?? 0
      );
    };
    expect(await issuerOf()).toBe(1);
    await rotate('activate');
    expect(await issuerOf()).toBe(2);
    await rotate('rollback');
    expect(await issuerOf()).toBe(1);
  });

  it.each<[RotationAction[], string, string[]]>([
    [['prepare'], 'idle', FIRST],
    [['prepare', 'publish'], 'idle', FIRST],
    [['prepare', 'publish', 'activate'], 'published', [...FIRST, ...SECOND].toSorted()],
    [['prepare', 'publish', 'activate', 'taint'], 'activated', [...FIRST, ...SECOND].toSorted()],
  ])('is taken back after %j', async (actions, step, keys) => {
    await until(...actions);
    expect((await rotate('rollback')).row.step).toBe(step);
    expect(await keysOnDisk()).toEqual(keys);
    while (issuer.state.current.row.step !== 'idle') await rotate('rollback');
    expect(await keysOnDisk()).toEqual(FIRST);
    // A number that was given up is never used again.
    expect((await rotate('prepare')).row.nextGeneration).toBe(3);
  });

  it('never goes to a smaller version of the list, also when it is taken back', async () => {
    await until('prepare', 'publish');
    const published = issuer.authority.trust;
    await rotate('rollback');
    const back = verifyTrustBundle(issuer.authority.signedTrust, { deployment: 'test', trust: published });
    expect(back).toMatchObject({ bundleVersion: 3, roots: issuer.authority.trust.roots });
    expect(back.roots).toHaveLength(1);
  });

  it('refuses every step that does not follow, and notes the attempt', async () => {
    for (const action of ['publish', 'activate', 'taint', 'retire', 'rollback'] as const) {
      expect(await codeOf(rotate(action))).toBe('rotation-state');
    }
    await rotate('prepare');
    for (const action of ['prepare', 'activate', 'taint', 'retire'] as const) {
      expect(await codeOf(rotate(action))).toBe('rotation-state');
    }
    expect(await auditOf('authority.rotation-refused')).toHaveLength(9);
  });
});

describe('two administrators', () => {
  it.each<[RotationAction[], RotationAction]>([
    [[], 'prepare'],
    [['prepare'], 'publish'],
    [['prepare', 'publish'], 'activate'],
    [['prepare', 'publish', 'activate'], 'taint'],
    [['prepare', 'publish', 'activate', 'taint'], 'retire'],
  ])('after %j take the step %s once', async (before, action) => {
    await until(...before);
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => codeOf(rotate(action))));
    expect(outcomes.toSorted()).toEqual(['ok', 'rotation-state', 'rotation-state', 'rotation-state']);
  });

  it('who race at two processes take a step once', async () => {
    await until('prepare', 'publish', 'activate');
    const other = await issuer.restart();
    const outcomes = await Promise.all([
      codeOf(rotate('taint')),
      codeOf(rotate('taint', other.rotation)),
      codeOf(rotate('rollback', other.rotation, issuer.state.current.row.revision)),
    ]);
    expect(outcomes.filter((code) => code === 'ok')).toHaveLength(1);
  });

  it('who both take a step back by its revision take one step back', async () => {
    await until('prepare', 'publish', 'activate', 'taint');
    const { revision } = issuer.state.current.row;
    const outcomes = await Promise.all([1, 2].map(() => codeOf(rotate('rollback', issuer.rotation, revision))));
    expect(outcomes.toSorted()).toEqual(['ok', 'rotation-state']);
    expect(issuer.state.current.row.step).toBe('activated');
  });
});

describe('who would be cut off', () => {
  it('holds up the end of the old CAs, and is named', async () => {
    const { agentId } = await enrol();
    await until('prepare', 'publish', 'activate', 'taint');
    expect(await codeOf(rotate('retire'))).toBe('rotation-agents-missing');
    const { items } = await issuer.viewer.missing({ limit: 50 });
    expect(items).toMatchObject([{ agentId, bundleVersion: 1, otherCa: true }]);
    expect((await issuer.viewer.view()).agents).toEqual({ seen: 1, acknowledged: 0, onIssuingCa: 0 });
    await acknowledge(agentId, 2);
    // It knows the roots, and has its certificate from the old CA still.
    expect(await codeOf(rotate('retire'))).toBe('rotation-agents-missing');
    await issuer.database.query('UPDATE certificate SET issuer_chain = $2 WHERE agent_id = $1', [
      agentId,
      issuer.authority.issuers.agentCa,
    ]);
    expect(await codeOf(rotate('retire'))).toBe('ok');
  });

  it('is nobody who was not seen for thirty days', async () => {
    const { agentId } = await enrol();
    await issuer.database.query("UPDATE certificate SET created_at = now() - interval '31 days' WHERE agent_id = $1", [
      agentId,
    ]);
    await until('prepare', 'publish', 'activate', 'taint', 'retire');
    expect(issuer.state.current.row.step).toBe('idle');
  });

  it('is told a page at a time', async () => {
    for (let count = 0; count < 5; count++) await enrol();
    await until('prepare', 'publish');
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await issuer.viewer.missing({ limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ agentId }) => agentId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(5);
    expect(await codeOf(issuer.viewer.missing({ limit: 2, cursor: 'x' }))).toBe('invalid-request');
  });

  it('counts a keyfile that was not used yet', async () => {
    const { keyfileId } = await issuer.newKeyfile();
    await issuer.database.query("UPDATE enrol_token SET issued_at = issued_at - interval '1 minute' WHERE id = $1", [
      keyfileId,
    ]);
    await until('prepare', 'publish', 'activate', 'taint');
    expect(await codeOf(rotate('retire'))).toBe('rotation-keyfiles-open');
    expect((await issuer.viewer.view()).keyfilesOfOtherTree).toBe(1);
    await issuer.keyfiles.revoke({
      tenantId: DEFAULT_TENANT_ID,
      keyfileId,
      revokedBy: 'operator:anna',
      reason: 'rotation',
      correlationId: randomUUID(),
    });
    expect(await codeOf(rotate('retire'))).toBe('ok');
  });

  it('keeps the new CAs from being taken back while somebody lives by them', async () => {
    await until('prepare', 'publish', 'activate');
    await enrol();
    await rotate('rollback');
    expect(await codeOf(rotate('rollback'))).toBe('rotation-agents-missing');
  });

  it('is no broker that is behind: the step waits for it', async () => {
    await issuer.database.query("INSERT INTO broker (id, ingress) VALUES ($1, '127.0.0.1:1')", [randomUUID()]);
    await until('prepare', 'publish');
    expect(await codeOf(rotate('activate'))).toBe('rotation-brokers-behind');
    await issuer.database.query('UPDATE broker SET authority_revision = $1', [issuer.state.current.row.revision]);
    expect(await codeOf(rotate('activate'))).toBe('ok');
  });

  it('says nothing by a version that was never published, nor for an agent of another tenant', async () => {
    const { agentId } = await enrol();
    expect(await acknowledge(agentId, 9)).toBe(0);
    const foreign = { tenantId: randomUUID(), agentId, bundleVersion: 1 };
    expect(await issuer.acknowledgements.record([foreign])).toBe(0);
    expect(await acknowledge(agentId, 1)).toBe(1);
    expect(await acknowledge(agentId, 1)).toBe(0);
  });
});

describe('a process that ends in the middle', () => {
  it('of making keys leaves what the next attempt goes on with', async () => {
    await rotate('prepare');
    await rotate('rollback');
    const { rotation } = await issuer.restart();
    const made = await issuer.state.makeTree(3);
    await rm(join(issuer.directory, 'keyfile-signing-3.key'));
    await rm(join(issuer.directory, 'keyfile-signing-3.crt'));
    await rm(join(issuer.directory, 'server-ca-3.crt'));
    const snapshot = await rotate('prepare', rotation);
    expect(snapshot.next?.root.certificate.raw).toEqual(made.root.certificate.raw);
    expect(snapshot.row.nextGeneration).toBe(3);
    await rotate('publish', rotation);
  });

  it('between the end of CAs and the end of their keys has the next one destroy them', async () => {
    await until('prepare', 'publish', 'activate', 'taint');
    const removal = jest.spyOn(issuer.state, 'removeEnded').mockRejectedValueOnce(new Error('killed'));
    await expect(rotate('retire')).rejects.toThrow('killed');
    removal.mockRestore();
    expect(await keysOnDisk()).toEqual([...FIRST, ...SECOND].toSorted());
    await issuer.restart();
    expect(await keysOnDisk()).toEqual(SECOND);
  });

  it('at any step is followed by one that knows the step', async () => {
    for (const action of ['prepare', 'publish', 'activate', 'taint'] as const) {
      await rotate(action);
      const { state } = await issuer.restart();
      expect(state.current.row).toEqual(issuer.state.current.row);
      expect(state.current.next?.root.certificate.raw).toEqual(issuer.state.current.next?.root.certificate.raw);
    }
  });

  it('and lost its keys does not make others in their place', async () => {
    await rm(join(issuer.directory, 'root.key'));
    await rm(join(issuer.directory, 'root.crt'));
    await expect(issuer.restart()).rejects.toMatchObject({ code: 'ca-key-missing' });
  });
});
