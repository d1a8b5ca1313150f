import { generateKeyPair, exportJWK } from 'jose';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TENANT_ID, Database, RevocationJournal } from '@app/persistence';
import { FileKeyStore, type KeyStore, KeyWrap } from '@app/pki';
import { createLogger, type MessageClient } from '@app/runtime';
import { unseal } from '@app/contracts';
import { AuthorityService } from '../../apps/keyfile-issuer/src/authority/authority.service.js';
import { AcknowledgementService } from '../../apps/keyfile-issuer/src/authority/acknowledgement.service.js';
import { AuthorityState } from '../../apps/keyfile-issuer/src/authority/authority.state.js';
import { AuthorityViewer } from '../../apps/keyfile-issuer/src/authority/authority.view.js';
import { BrokerNames } from '../../apps/keyfile-issuer/src/authority/broker-names.js';
import { RotationService } from '../../apps/keyfile-issuer/src/authority/rotation.service.js';
import { Seals } from '../../apps/keyfile-issuer/src/authority/seals.js';
import { AgentRepository } from '../../apps/keyfile-issuer/src/agent/agent.repository.js';
import { AgentService } from '../../apps/keyfile-issuer/src/agent/agent.service.js';
import { ReturnRepository } from '../../apps/keyfile-issuer/src/agent/return.repository.js';
import { ReturnService } from '../../apps/keyfile-issuer/src/agent/return.service.js';
import { ActivationRepository } from '../../apps/keyfile-issuer/src/enrolment/activation.repository.js';
import { ActivationService } from '../../apps/keyfile-issuer/src/enrolment/activation.service.js';
import { EnrolmentHandler } from '../../apps/keyfile-issuer/src/enrolment/enrolment.handler.js';
import { EnrolmentRepository } from '../../apps/keyfile-issuer/src/enrolment/enrolment.repository.js';
import { EnrolmentService } from '../../apps/keyfile-issuer/src/enrolment/enrolment.service.js';
import { RefusedEnrolments } from '../../apps/keyfile-issuer/src/enrolment/refused-enrolments.js';
import { ReplacementService } from '../../apps/keyfile-issuer/src/enrolment/replacement.service.js';
import { KeyfileRegeneration } from '../../apps/keyfile-issuer/src/keyfile/keyfile-regeneration.service.js';
import { KeyfileRepository } from '../../apps/keyfile-issuer/src/keyfile/keyfile.repository.js';
import { KeyfileService } from '../../apps/keyfile-issuer/src/keyfile/keyfile.service.js';
import { RenewalRepository } from '../../apps/keyfile-issuer/src/renewal/renewal.repository.js';
import { RenewalService } from '../../apps/keyfile-issuer/src/renewal/renewal.service.js';
import { RevocationRepository } from '../../apps/keyfile-issuer/src/revocation/revocation.repository.js';
import { RevocationService } from '../../apps/keyfile-issuer/src/revocation/revocation.service.js';
import { createDatabase, type TestDatabase } from './database.js';

type Jwk = Awaited<ReturnType<typeof exportJWK>> & { kty: string };

/** The issuer's services on a real database with their own login; messages are the only thing that is not there. */
export interface TestIssuer {
  keyfiles: KeyfileService;
  regeneration: KeyfileRegeneration;
  enrolment: EnrolmentHandler;
  activation: ActivationService;
  renewal: RenewalService;
  agents: AgentService;
  returns: ReturnService;
  authority: AuthorityService;
  state: AuthorityState;
  rotation: RotationService;
  viewer: AuthorityViewer;
  acknowledgements: AcknowledgementService;
  /** Of CA certificates and keys. */
  directory: string;
  /** Another process of the issuer on the same database and folder. */
  restart: () => Promise<{ state: AuthorityState; rotation: RotationService }>;
  database: TestDatabase;
  /** Public key to seal tokens to. */
  sealKey: Jwk;
  /** What is sealed to admin-api. */
  open: (sealed: string) => Promise<string>;
  newSite: () => Promise<string>;
  /** Issues and opens a keyfile as admin-api does. */
  newKeyfile: (siteId?: string, replace?: boolean) => Promise<{ keyfileId: string; text: string }>;
  close: () => Promise<void>;
}

/** @param keysOf where the CA keys are, in place of encrypted files */
export async function startIssuer(keysOf?: (directory: string) => Promise<KeyStore>): Promise<TestIssuer> {
  const database = await createDatabase();
  const issuerDatabase = await Database.open({
    url: database.logins['keyfile-issuer'],
    applicationName: 'keyfile-issuer',
  });
  const directory = await mkdtemp(join(tmpdir(), 'adit-issuer-'));
  const wrap = new KeyWrap({ secret: randomBytes(32) });
  const logger = createLogger('test', 'silent');
  const restart = async () => {
    const keys = await (keysOf?.(directory) ?? FileKeyStore.open(directory, wrap));
    const opened = await AuthorityState.open({ directory, deployment: 'test', keys, database: issuerDatabase });
    return { state: opened, rotation: new RotationService(opened, issuerDatabase, logger) };
  };
  const { state, rotation } = await restart();
  const endpoints = [{ host: '127.0.0.1', port: 5500, serverName: 'broker.test', priority: 0 }];
  const authority = new AuthorityService(state, endpoints, new BrokerNames(['broker.test'], []), issuerDatabase);
  const own = await sealPair();
  const adminApi = await sealPair();
  const seals = new Seals(own.privateKey, adminApi.publicKey);
  const messages = { emit: () => undefined } as unknown as MessageClient;
  const journal = await RevocationJournal.open([join(directory, 'revocation.journal')], () => undefined);
  const revocation = new RevocationService(new RevocationRepository(), messages, journal);
  const keyfiles = new KeyfileService(issuerDatabase, new KeyfileRepository(), authority, revocation, seals);
  const enrolmentRows = new EnrolmentRepository();
  const agentRows = new AgentRepository();
  const agents = new AgentService(issuerDatabase, agentRows, revocation, journal, logger);
  const redemption = new EnrolmentService(issuerDatabase, enrolmentRows, authority, seals, journal, revocation, agents);
  const refused = new RefusedEnrolments(issuerDatabase, enrolmentRows, logger);
  const replacement = new ReplacementService(new KeyfileRepository(), revocation);
  const activation = new ActivationService(issuerDatabase, new ActivationRepository(), replacement);
  const enrolment = new EnrolmentHandler(redemption, activation, refused);
  const renewal = new RenewalService(issuerDatabase, new RenewalRepository(), authority, logger);
  const returns = new ReturnService(
    issuerDatabase,
    agentRows,
    new ReturnRepository(),
    new KeyfileRepository(),
    authority,
    revocation,
    seals,
  );
  const regeneration = new KeyfileRegeneration(issuerDatabase, new KeyfileRepository(), authority, revocation, seals);
  const newSite = () => insertSite(database);
  const open = (sealed: string) => unseal(sealed, adminApi.privateKey);
  const newKeyfile = async (siteId?: string, replace = false) => {
    const site = siteId ?? (await newSite());
    const issued = await keyfiles.issue({ ...issueRequest(site), replace });
    return { keyfileId: issued.keyfile.keyfileId, text: await open(issued.sealedKeyfile) };
  };
  const close = async () => {
    await refused.beforeApplicationShutdown();
    await issuerDatabase.onApplicationShutdown();
    await journal.onApplicationShutdown();
    await database.drop();
    await rm(directory, { recursive: true });
  };
  const services = { keyfiles, regeneration, enrolment, activation, renewal, agents, returns, authority };
  const cas = {
    state,
    rotation,
    viewer: new AuthorityViewer(state, issuerDatabase),
    acknowledgements: new AcknowledgementService(state, issuerDatabase),
    directory,
    restart,
  };
  return { ...services, ...cas, database, sealKey: own.publicKey, open, newSite, newKeyfile, close };
}

export function issueRequest(siteId: string) {
  return {
    tenantId: DEFAULT_TENANT_ID,
    siteId,
    siteName: 'Test',
    siteLabel: 'test',
    issuedBy: 'operator:test',
    validForSeconds: 3600,
    replace: false,
    replaceAt: 'issue' as const,
    sealed: false,
    delivered: true,
    correlationId: randomUUID(),
  };
}

async function insertSite(database: TestDatabase): Promise<string> {
  const label = `site-${randomBytes(6).toString('hex')}`;
  const [row] = await database.query<{ id: string }>(
    `WITH tenant AS (SELECT set_config('adit.tenant', $1, false))
     INSERT INTO site (tenant_id, name, label) SELECT $1::uuid, 'Hamburg Süd', $2 FROM tenant RETURNING id`,
    [DEFAULT_TENANT_ID, label],
  );
  return row?.id ?? '';
}

async function sealPair(): Promise<{ publicKey: Jwk; privateKey: Jwk }> {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true });
  return { publicKey: (await exportJWK(pair.publicKey)) as Jwk, privateKey: (await exportJWK(pair.privateKey)) as Jwk };
}
