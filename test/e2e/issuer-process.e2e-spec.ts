import {
  brokerCertificate,
  enrolmentActivate,
  enrolmentRedeem,
  keyfileIssue,
  pkiTrust,
  publicKeys,
  unseal,
} from '@app/contracts';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import {
  createCsr,
  generateKey,
  identityOf,
  isIssuedDirectlyBy,
  readCertificate,
  readCertificates,
  serialOf,
} from '@app/pki';
import { createLogger, MessageClient, type CommonEnvironment } from '@app/runtime';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '../../tools/launcher/cloud.mjs';
import { startNats } from '../../tools/launcher/nats.mjs';
import { createEmptyDatabase } from '../harness/database.js';
import { newSiteKeys, redeemRequest } from '../harness/enrolling-site.js';

type EmptyDatabase = Awaited<ReturnType<typeof createEmptyDatabase>>;
type Cloud = Awaited<ReturnType<typeof startCloud>>;
type Nats = Awaited<ReturnType<typeof startNats>>;

let directory: string;
let database: EmptyDatabase;
let nats: Nats;
let cloud: Cloud;
let messages: MessageClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-issuer-process-'));
  database = await createEmptyDatabase();
  nats = await startNats({ dir: directory });
  const ports = { http: 1, play: 1, rtsp: 1, tunnel: 5500, ingress: 1, health: {} };
  const { ownerUrl } = database;
  cloud = await startCloud({
    dataDir: directory,
    ownerUrl,
    nats,
    ports,
    log: () => undefined,
    apps: ['keyfile-issuer'],
  });
  const environment = { NATS_URL: nats.url, ADIT_NATS_TOKEN_FILE: nats.tokenFile } as CommonEnvironment;
  messages = new MessageClient(environment, createLogger('test', 'silent'));
}, 60_000);

afterAll(async () => {
  await messages?.onApplicationShutdown();
  await cloud?.stop();
  await nats?.stop();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

type Jwk = Parameters<typeof unseal>[1];

/** The launcher's own files: this test speaks for admin-api and for the broker. */
async function sealKey(app: string): Promise<Jwk> {
  return JSON.parse(await readFile(join(directory, 'secrets', app, 'seal.jwk'), 'utf8')) as Jwk;
}

async function issuerSealKey(): Promise<Jwk & { kty: string }> {
  const keys = publicKeys.parse(JSON.parse(await readFile(join(directory, 'public-keys.json'), 'utf8')));
  return keys.seal['keyfile-issuer'];
}

async function newKeyfile(): Promise<string> {
  const [site] = await database.query<{ id: string }>(
    `WITH tenant AS (SELECT set_config('adit.tenant', $1, false))
     INSERT INTO site (tenant_id, name, label) SELECT $1::uuid, 'Site', $2 FROM tenant RETURNING id`,
    [DEFAULT_TENANT_ID, `site-${randomUUID().slice(0, 8)}`],
  );
  const { sealedKeyfile } = await messages.request(keyfileIssue, {
    tenantId: DEFAULT_TENANT_ID,
    siteId: site?.id ?? '',
    siteName: 'Site',
    siteLabel: 'site',
    issuedBy: 'operator:test',
    correlationId: randomUUID(),
  });
  return unseal(sealedKeyfile, await sealKey('admin-api'));
}

describe('the issuer as a process', () => {
  it('tells brokers whom to trust and certifies them for the public endpoints only', async () => {
    const trust = await messages.request(pkiTrust, {});
    expect(trust.deployment).toBe('adit');
    const csr = await createCsr(generateKey());
    const request = { brokerId: 'one', csr, serverNames: ['localhost', '127.0.0.1'] };
    const { certificateChain } = await messages.request(brokerCertificate, request);
    const [leaf, serverCa] = readCertificates(certificateChain);
    const root = readCertificate(trust.trust.roots[0] ?? '');
    expect(leaf?.checkHost('localhost')).toBe('localhost');
    expect(serverCa !== undefined && isIssuedDirectlyBy(serverCa, root)).toBe(true);
    const foreign = messages.request(brokerCertificate, { ...request, serverNames: ['bank.example'] });
    await expect(foreign).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('takes a keyfile from issue to activation, and refuses what does not match a contract', async () => {
    const request = await redeemRequest({ sealKey: await issuerSealKey() }, await newKeyfile());
    const { certificateChain } = await messages.request(enrolmentRedeem, request);
    const leaf = readCertificates(certificateChain)[0];
    const identity = leaf === undefined ? undefined : identityOf(leaf);
    const activation = {
      serial: leaf === undefined ? '' : serialOf(leaf),
      agentId: identity?.kind === 'agent' ? identity.agentId : '',
      peerAddress: '192.0.2.7',
      correlationId: randomUUID(),
    };
    expect(await messages.request(enrolmentActivate, activation)).toEqual({ state: 'current' });
    await expect(messages.request(enrolmentActivate, { ...activation, serial: '-' })).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });

  it('gives the same certificate after it was killed, and nobody else gets in between', async () => {
    const text = await newKeyfile();
    const keys = newSiteKeys();
    const issuer = { sealKey: await issuerSealKey() };
    const before = await messages.request(enrolmentRedeem, await redeemRequest(issuer, text, keys));
    const app = cloud.apps.get('keyfile-issuer');
    const back = app?.nextReady(20_000);
    process.kill(app?.pid ?? 0, 'SIGKILL');
    await back;
    const thief = messages.request(enrolmentRedeem, await redeemRequest(issuer, text));
    await expect(thief).rejects.toMatchObject({ code: 'enrolment-used' });
    expect(await messages.request(enrolmentRedeem, await redeemRequest(issuer, text, keys))).toEqual(before);
  }, 40_000);
});
