import type { EnrolResponse } from '@app/contracts';
import {
  agentProfile,
  type CaTree,
  certificatePem,
  decodeKeyfile,
  encodeKeyfile,
  issueCertificate,
  type Keyfile,
  pinOf,
  spkiOf,
} from '@app/pki';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyfileContent, temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { AgentError } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { openSiteCertificate } from '../identity/site-certificate.store.js';
import { StateDirectory } from '../state/state-directory.js';
import { BackOff } from '../tunnel/back-off.js';
import { EnrolmentService } from './enrolment.service.js';

class Killed extends Error {}

/** The server's side of a redemption: the first key wins, and gets the same answer every time. */
class Issuer {
  readonly answers = new Map<string, string>();
  readonly agentId: string;

  constructor(
    private readonly tree: CaTree,
    keyfile: Keyfile,
  ) {
    this.agentId = keyfile.document.agentId;
  }

  async redeem(newKey: KeyObject): Promise<EnrolResponse> {
    const spki = spkiOf(createPublicKey(newKey));
    const pin = pinOf(spki);
    if (this.answers.size > 0 && !this.answers.has(pin)) {
      return { ok: false, code: 'enrolment-used', detail: 'another key' };
    }
    const certificateChain = this.answers.get(pin) ?? (await this.certify(spki, this.agentId));
    this.answers.set(pin, certificateChain);
    return { ok: true, certificateChain, trust: { bundleVersion: 9, roots: ['not signed'], rootSpkiSha256: ['x'] } };
  }

  async certify(spki: Buffer, agentId: string): Promise<string> {
    const { agentCa, deployment } = this.tree;
    const leaf = await issueCertificate({ profile: agentProfile(deployment, agentId), spki, now: new Date() }, agentCa);
    return certificatePem(leaf.raw) + certificatePem(agentCa.certificate.raw);
  }
}

describe('EnrolmentService', () => {
  let tree: CaTree;
  let keyfile: Keyfile;
  let issuer: Issuer;
  let path: string;
  let state: StateDirectory;
  const waits: number[] = [];

  beforeAll(async () => {
    tree = await temporaryTree();
  });

  beforeEach(async () => {
    keyfile = await newKeyfile();
    issuer = new Issuer(tree, keyfile);
    path = mkdtempSync(join(tmpdir(), 'adit-enrol-'));
    state = await StateDirectory.create({ path, ephemeral: true });
    waits.length = 0;
  });

  afterEach(() => rmSync(path, { recursive: true }));

  const newKeyfile = async (): Promise<Keyfile> => {
    const endpoints = [5500, 443].map((port) => ({ host: 'h', port, serverName: 'h', priority: 6_000 - port }));
    const content = {
      ...(await keyfileContent(tree)),
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, priority: endpoint.priority % 1_000 })),
    };
    return decodeKeyfile(Buffer.from(await encodeKeyfile(content, tree.keyfileSigning)), { now: new Date() });
  };

  type Exchange = (port: number, newKey: KeyObject) => Promise<EnrolResponse>;

  const service = (exchange: Exchange, store = new IdentityStore(state)): EnrolmentService =>
    new EnrolmentService({
      store,
      siteTlsSpki: async () => (await openSiteCertificate(state, new Date())).spki,
      exchange: ({ port }, _keyfile, { newKey }) => exchange(port, newKey),
      sleep: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      backOff: new BackOff(
        undefined,
        () => 0,
        () => 1,
      ),
      now: () => new Date(),
      onFailure: () => undefined,
    });

  const enrol = (exchange: Exchange, signal = AbortSignal.timeout(60_000)): ReturnType<EnrolmentService['enrol']> =>
    service(exchange).enrol(keyfile, signal);

  const honest: Exchange = (_port, newKey) => issuer.redeem(newKey);

  it('keeps the identity with the trust of its keyfile, not one that nobody signed', async () => {
    const identity = await enrol(honest);
    expect(identity).toMatchObject({ siteName: 'Hamburg Süd', agentId: issuer.agentId, trust: keyfile.document.trust });
    expect(await new IdentityStore(state).load()).toEqual(identity);
    expect(readdirSync(path).filter((name) => name.startsWith('enrolment-'))).toEqual([]);
  });

  it('has its key on the disk before the first request', async () => {
    let seen: string[] = [];
    await enrol((port, newKey) => {
      seen = readdirSync(path);
      return honest(port, newKey);
    });
    expect(seen).toContain(`enrolment-${keyfile.document.keyfileId}.json`);
  });

  /** Each is a place to be killed at; a second process then goes on. */
  const deaths: [string, () => EnrolmentService][] = [
    ['before its key is written', () => service(honest, failing('openPendingKey'))],
    ['before the request leaves', () => service(() => Promise.reject(new Killed()))],
    [
      'before the answer arrives',
      () =>
        service(async (_port, newKey) => {
          await issuer.redeem(newKey);
          throw new Killed();
        }),
    ],
    ['before the identity is written', () => service(honest, failing('commit'))],
    ['after the identity is written, before the pending key is gone', () => service(honest, halfCommitting())],
  ];

  const failing = (method: 'openPendingKey' | 'commit'): IdentityStore =>
    Object.assign(new IdentityStore(state), { [method]: () => Promise.reject(new Killed()) });

  const halfCommitting = (): IdentityStore =>
    Object.assign(new IdentityStore(state), {
      commit: async (identity: object) => {
        await state.writeJson('identity.json', identity);
        throw new Killed();
      },
    });

  it.each(deaths)('killed %s, goes on with the same key and gets the same certificate', async (_where, dying) => {
    await expect(dying().enrol(keyfile, AbortSignal.timeout(60_000))).rejects.toThrow(Killed);
    const identity = await enrol(honest);
    expect([...issuer.answers.values()]).toEqual([identity.certificateChain]);
    expect(readdirSync(path).filter((name) => name.startsWith('enrolment-'))).toEqual([]);
    expect(await enrol(() => Promise.reject(new Killed()))).toEqual(identity);
  });

  it('is told to ask for a replacement when its state was lost', async () => {
    await enrol(honest);
    await new IdentityStore(state).clear();
    await expect(enrol(honest)).rejects.toMatchObject({
      reason: 'enrolment-used',
      advice: expect.stringContaining('replacement keyfile') as string,
    });
    expect(waits).toEqual([]);
  });

  it('does not let another keyfile take the place of an identity', async () => {
    const identity = await enrol(honest);
    keyfile = await newKeyfile();
    await expect(enrol(honest)).rejects.toMatchObject({ code: 'identity-exists' });
    expect(await new IdentityStore(state).load()).toEqual(identity);
  });

  it('tries the endpoints in their order, then waits and begins again', async () => {
    const ports: number[] = [];
    await enrol((port, newKey) => {
      ports.push(port);
      return ports.length < 4 ? Promise.reject(new AgentError('connection-refused', 'no')) : honest(port, newKey);
    });
    expect(new Set(ports.slice(0, 2))).toEqual(new Set([5500, 443]));
    expect(ports.slice(2)).toEqual(ports.slice(0, 2));
    expect(waits).toEqual([500]);
  });

  it('waits as long as the server says', async () => {
    let asked = 0;
    await enrol((port, newKey) => {
      asked += 1;
      const later = { ok: false as const, code: 'unavailable', detail: 'no database', retryAfterMs: 7_000 };
      return asked < 3 ? Promise.resolve(later) : honest(port, newKey);
    });
    expect(waits).toEqual([7_000]);
  });

  it.each(['enrolment-expired', 'enrolment-revoked', 'enrolment-closed', 'enrolment-bad-csr', 'keyfile-not-found'])(
    'takes %s for the last word and says what to do',
    async (code) => {
      const refused = enrol(() => Promise.resolve({ ok: false, code, detail: '' }));
      await expect(refused).rejects.toMatchObject({
        reason: code,
        exitCode: 76,
        advice: expect.stringMatching(/\w/) as string,
      });
      expect(waits).toEqual([]);
    },
  );

  it('does not take a certificate of another agent or another key', async () => {
    const stop = AbortSignal.abort();
    const trust = keyfile.document.trust;
    const foreign = async (spki: Buffer, agentId: string): Promise<EnrolResponse> => ({
      ok: true,
      certificateChain: await issuer.certify(spki, agentId),
      trust,
    });
    const otherAgent: Exchange = (_port, newKey) => foreign(spkiOf(newKey), keyfile.document.siteId);
    const otherKey: Exchange = () => foreign(spkiOf(keyfile.claim.key), issuer.agentId);
    for (const exchange of [otherAgent, otherKey]) {
      await expect(enrol(exchange, stop)).rejects.toMatchObject({ code: 'enrolment-answer-invalid' });
    }
    expect(await new IdentityStore(state).load()).toBeUndefined();
  });
});
