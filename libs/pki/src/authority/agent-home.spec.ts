import { execFile } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { identityOf } from '../identity-uri.js';
import { certificatePem } from '../pem.js';
import { spkiOf } from '../spki.js';
import { homeOf, type AgentHome } from './agent-home.js';
import { openCaTree, type CaTree } from './ca-tree.js';
import { issueCertificate } from './certificate.js';
import { agentProfile } from './profile.js';
import { generateKey } from './signer.js';

const AGENT_ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';
const home: AgentHome = {
  tenantId: '01900000-0000-7000-8000-000000000001',
  siteId: '3b241101-e2bb-4255-8caf-4136c566a962',
  siteLabel: 'hamburg-sued',
  siteTlsSpki: spkiOf(createPublicKey(generateKey())),
};
let directory: string;
let tree: CaTree;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-home-'));
  tree = await openCaTree(directory, 'test', new Date());
});
afterAll(() => rm(directory, { recursive: true }));

const certify = (of?: AgentHome): Promise<X509Certificate> =>
  issueCertificate(
    { profile: agentProfile('test', AGENT_ID, { home: of }), spki: spkiOf(generateKey()), now: new Date() },
    tree.agentCa,
  );

describe('the home of an agent in its certificate', () => {
  it('is read as it was written, beside the one name that a certificate has', async () => {
    const certificate = await certify(home);
    expect(homeOf(certificate)).toEqual(home);
    expect(identityOf(certificate)).toEqual({ kind: 'agent', deployment: 'test', agentId: AGENT_ID });
  });

  it('is not there in certificates of earlier versions', async () => {
    expect(homeOf(await certify())).toBeUndefined();
  });

  it('does not make a certificate that OpenSSL would refuse', async () => {
    const files = { chain: [tree.root], below: [tree.agentCa] };
    const [roots, below, leaf] = ['roots.pem', 'below.pem', 'leaf.pem'].map((name) => join(directory, name));
    await writeFile(roots ?? '', files.chain.map(({ certificate }) => certificatePem(certificate.raw)).join(''));
    await writeFile(below ?? '', files.below.map(({ certificate }) => certificatePem(certificate.raw)).join(''));
    await writeFile(leaf ?? '', certificatePem((await certify(home)).raw));
    const verify = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      roots ?? '',
      '-untrusted',
      below ?? '',
    ];
    await expect(promisify(execFile)('openssl', [...verify, leaf ?? ''])).resolves.toMatchObject({
      stdout: expect.stringMatching(/: OK\n$/),
    });
  });

  it.each([
    ['a label that is none', { siteLabel: 'Hamburg Süd' }],
    ['a site that is none', { siteId: 'x' }],
    ['a tenant with a line break', { tenantId: `${home.tenantId}\n` }],
    ['a key that is not P-256', { siteTlsSpki: Buffer.alloc(91) }],
  ])('is not written with %s', async (_name, change) => {
    await expect(certify({ ...home, ...change })).rejects.toMatchObject({ code: 'certificate-malformed' });
  });
});
