import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { certificatePem } from '../pem.js';
import { spkiOf } from '../spki.js';
import { openCaTree, type CaTree } from './ca-tree.js';
import { issueCertificate, notAfterOf, notBeforeOf } from './certificate.js';
import { isIssuedDirectlyBy } from './direct-issuer.js';
import { agentProfile, brokerProfile, claimProfile } from './profile.js';
import { serialOf } from './serial.js';
import { generateKey } from './signer.js';

const AGENT_ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';
const run = promisify(execFile);
let directory: string;
let tree: CaTree;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-pki-'));
  tree = await openCaTree(join(directory, 'ca'), 'test', new Date());
});

afterAll(() => rm(directory, { recursive: true }));

function agentCertificate(now = new Date()) {
  return issueCertificate({ profile: agentProfile('test', AGENT_ID), spki: spkiOf(generateKey()), now }, tree.agentCa);
}

describe('CA tree', () => {
  it('opens to the same keys and certificates again', async () => {
    const again = await openCaTree(join(directory, 'ca'), 'test', new Date());
    expect(again.root.certificate.raw.equals(tree.root.certificate.raw)).toBe(true);
    expect(again.claimCa.certificate.raw.equals(tree.claimCa.certificate.raw)).toBe(true);
  });

  it('keeps its private keys readable by their owner only', async () => {
    for (const name of ['root', 'agent-ca', 'claim-ca', 'server-ca', 'keyfile-signing']) {
      expect((await stat(join(directory, 'ca', `${name}.key`))).mode & 0o777).toBe(0o600);
    }
  });

  it('goes on where a crash left a key without its certificate', async () => {
    const crashed = join(directory, 'crashed');
    await openCaTree(crashed, 'test', new Date());
    const key = await readFile(join(crashed, 'agent-ca.key'), 'utf8');
    await rm(join(crashed, 'agent-ca.crt'));
    const opened = await openCaTree(crashed, 'test', new Date());
    expect(isIssuedDirectlyBy(opened.agentCa.certificate, opened.root.certificate)).toBe(true);
    expect(await readFile(join(crashed, 'agent-ca.key'), 'utf8')).toBe(key);
  });

  it('refuses a certificate beside another key, and a tree of another deployment', async () => {
    const mixed = join(directory, 'mixed');
    await openCaTree(mixed, 'test', new Date());
    await expect(openCaTree(mixed, 'other', new Date())).rejects.toMatchObject({ code: 'ca-foreign-deployment' });
    await copyFile(join(mixed, 'claim-ca.key'), join(mixed, 'agent-ca.key'));
    await expect(openCaTree(mixed, 'test', new Date())).rejects.toMatchObject({ code: 'ca-key-mismatch' });
  });
});

describe('issued certificates', () => {
  it.each([
    ['agent', () => agentCertificate(), () => tree.agentCa],
    [
      'claim',
      () =>
        issueCertificate(
          { profile: claimProfile('test', AGENT_ID, 60_000), spki: spkiOf(generateKey()), now: new Date() },
          tree.claimCa,
        ),
      () => tree.claimCa,
    ],
    [
      'broker',
      () =>
        issueCertificate(
          {
            profile: brokerProfile('test', ['broker.test', '127.0.0.1']),
            spki: spkiOf(generateKey()),
            now: new Date(),
          },
          tree.serverCa,
        ),
      () => tree.serverCa,
    ],
  ])('of kind %s pass the strict verification of OpenSSL', async (kind, issue, issuer) => {
    const paths = {
      root: join(directory, 'root.pem'),
      ca: join(directory, `${kind}-ca.pem`),
      leaf: join(directory, `${kind}.pem`),
    };
    await writeFile(paths.root, certificatePem(tree.root.certificate.raw));
    await writeFile(paths.ca, certificatePem(issuer().certificate.raw));
    await writeFile(paths.leaf, certificatePem((await issue()).raw));
    const purpose = kind === 'broker' ? 'sslserver' : 'sslclient';
    const verify = (of: string) =>
      run('openssl', [
        'verify',
        '-x509_strict',
        '-purpose',
        of,
        '-CAfile',
        paths.root,
        '-untrusted',
        paths.ca,
        paths.leaf,
      ]);
    expect((await verify(purpose)).stdout).toContain('OK');
    await expect(verify(kind === 'broker' ? 'sslclient' : 'sslserver')).rejects.toThrow('Command failed');
  });

  it('carry the identity as their only name', async () => {
    const certificate = await agentCertificate();
    expect(certificate.subjectAltName).toBe(`URI:urn:adit:test:agent:${AGENT_ID}`);
    expect(certificate.ca).toBe(false);
  });

  it('begin five minutes ago and live for ninety days', async () => {
    const now = new Date('2027-01-01T00:00:00.000Z');
    const certificate = await agentCertificate(now);
    expect(notBeforeOf(certificate).toISOString()).toBe('2026-12-31T23:55:00.000Z');
    expect(notAfterOf(certificate).toISOString()).toBe('2027-04-01T00:00:00.000Z');
  });

  it('never outlive their issuer', async () => {
    const late = new Date(notAfterOf(tree.agentCa.certificate).getTime() - 1000);
    expect(notAfterOf(await agentCertificate(late))).toEqual(notAfterOf(tree.agentCa.certificate));
  });

  it('are told apart by the CA that issued them', async () => {
    const certificate = await agentCertificate();
    expect(isIssuedDirectlyBy(certificate, tree.agentCa.certificate)).toBe(true);
    expect(isIssuedDirectlyBy(certificate, tree.claimCa.certificate)).toBe(false);
    expect(isIssuedDirectlyBy(certificate, tree.root.certificate)).toBe(false);
  });

  it('have serials of sixteen bytes in their shortest form', async () => {
    const serials = await Promise.all(Array.from({ length: 50 }, async () => serialOf(await agentCertificate())));
    expect(new Set(serials).size).toBe(50);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });
});
