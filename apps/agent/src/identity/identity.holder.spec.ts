import { agentProfile, generateKey, privateKeyPem, serialOf, spkiOf } from '@app/pki';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCertificate } from '../../../../libs/pki/src/authority/certificate.js';
import { temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { certificatePem, type CaTree } from '@app/pki';
import { StateDirectory } from '../state/state-directory.js';
import { IdentityHolder } from './identity.holder.js';
import { IdentityStore } from './identity.store.js';
import type { Identity } from './identity.js';

const AGENT_ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

describe('the identity of a site and the next one', () => {
  let tree: CaTree;
  let path: string;
  let state: StateDirectory;
  let store: IdentityStore;
  let first: Identity;

  beforeAll(async () => {
    tree = await temporaryTree();
  });

  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'adit-holder-'));
    state = await StateDirectory.open(path);
    store = new IdentityStore(state);
    const key = generateKey();
    first = {
      v: 1,
      keyfileId: 'k',
      deployment: tree.deployment,
      tenantId: 't',
      siteId: 's',
      siteName: 'Site',
      agentId: AGENT_ID,
      enrolledAt: '2026-01-01T00:00:00Z',
      privateKey: privateKeyPem(key),
      certificateChain: await certified(spkiOf(key)),
      endpoints: [{ host: 'h', port: 1, serverName: 'h', priority: 0 }],
      trust: { bundleVersion: 1, roots: [certificatePem(tree.root.certificate.raw)], rootSpkiSha256: [] },
      policy: { keyAlg: 'ec-p256', renewAt: 0.667 },
    };
    await store.commit(first);
  });

  afterEach(() => rmSync(path, { recursive: true, force: true }));

  const certified = async (spki: Buffer, agentId = AGENT_ID): Promise<string> => {
    const profile = agentProfile(tree.deployment, agentId);
    const leaf = await issueCertificate({ profile, spki, now: new Date() }, tree.agentCa);
    return certificatePem(leaf.raw) + certificatePem(tree.agentCa.certificate.raw);
  };

  /** As a process that starts does it. */
  const reopened = async (): Promise<IdentityHolder> => {
    const identity = await store.load();
    if (identity === undefined) throw new Error('no identity');
    return IdentityHolder.open(store, identity);
  };

  it('goes on with the same key until it is certified, whatever is killed', async () => {
    const key = await (await reopened()).openNextKey();
    const again = await (await reopened()).openNextKey();
    expect(spkiOf(again).equals(spkiOf(key))).toBe(true);
    const holder = await reopened();
    expect([holder.next, holder.renewing]).toEqual([undefined, true]);
  });

  it('keeps both on the disk until the next one was admitted, and then only that', async () => {
    const holder = await reopened();
    const key = await holder.openNextKey();
    const chain = await certified(spkiOf(key));
    await holder.propose(chain, key);
    const after = await reopened();
    expect([after.current, after.next?.certificateChain]).toEqual([first, chain]);
    await after.admitted(after.current);
    expect(after.next?.certificateChain).toBe(chain);
    if (after.next !== undefined) await after.admitted(after.next);
    const last = await reopened();
    expect([last.current.certificateChain, last.current.privateKey, last.next]).toEqual([
      chain,
      privateKeyPem(key),
      undefined,
    ]);
    expect(await state.names()).toEqual(['identity.json']);
  });

  it('forgets what is left of a renewal that was completed', async () => {
    const holder = await reopened();
    const key = await holder.openNextKey();
    await holder.propose(await certified(spkiOf(key)), key);
    const kept = await store.loadRenewal();
    if (holder.next !== undefined) await holder.admitted(holder.next);
    if (kept !== undefined) await store.saveRenewal(kept);
    const last = await reopened();
    expect(last.next).toBeUndefined();
    expect(serialOf(last.certificate)).not.toBe(kept?.renews);
    expect(await state.names()).toEqual(['identity.json']);
  });

  it('takes no certificate that is another agent’s, another key’s or none', async () => {
    const holder = await reopened();
    const key = await holder.openNextKey();
    const wrong = [
      await certified(spkiOf(generateKey())),
      await certified(spkiOf(key), '00000000-0000-4000-8000-000000000000'),
      first.certificateChain,
      'none',
      '',
    ];
    for (const chain of wrong) {
      await expect(holder.propose(chain, key)).rejects.toMatchObject({ code: 'renewal-answer-invalid' });
    }
    expect(holder.next).toBeUndefined();
  });

  it('keeps other roots, also when they come while the next one is being admitted', async () => {
    const holder = await reopened();
    const key = await holder.openNextKey();
    await holder.propose(await certified(spkiOf(key)), key);
    const used = holder.next;
    if (used === undefined) throw new Error('no next identity');
    const trust = { ...first.trust, bundleVersion: 2 };
    await Promise.all([holder.adoptTrust(trust), holder.admitted(used)]);
    const kept = await reopened();
    expect(kept.current).toEqual({ ...used, trust });
    expect([kept.next, kept.current.trust]).toEqual([undefined, trust]);
  });

  it('never goes back to an older list of roots', async () => {
    const holder = await reopened();
    await holder.adoptTrust({ ...first.trust, bundleVersion: 3 });
    await holder.adoptTrust({ ...first.trust, bundleVersion: 2 });
    expect((await reopened()).current.trust.bundleVersion).toBe(3);
  });
});
