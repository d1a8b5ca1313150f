import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerCertificate, DomainError } from '@app/contracts';
import {
  brokerProfile,
  type CaTree,
  certificatePem,
  issueCertificate,
  openCaTree,
  readCertificates,
  readCsr,
  serialOf,
} from '@app/pki';
import { ConfigurationError, createLogger, type MessageClient } from '@app/runtime';
import type { BrokerConfig } from '../config.js';
import { BrokerIdentityService } from './broker-identity.service.js';

const DAY_MS = 86_400_000;

let directory: string;
let tree: CaTree;
let issuer: { away: boolean; forbids: boolean; now: Date; asked: number; revision: number; cross: string };
const started: BrokerIdentityService[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-broker-identity-'));
  tree = await openCaTree(join(directory, 'ca'), 'test', new Date());
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  await rm(join(directory, 'broker'), { recursive: true, force: true });
  issuer = { away: false, forbids: false, now: new Date(), asked: 0, revision: 1, cross: '' };
});
afterEach(() => {
  for (const service of started.splice(0)) service.onModuleDestroy();
});

const pemOf = (name: 'root' | 'agentCa' | 'claimCa' | 'serverCa') => certificatePem(tree[name].certificate.raw);

const certify = async (csr: string, names: string[]) => {
  issuer.asked += 1;
  if (issuer.forbids) throw new DomainError('forbidden', 'not among the public names');
  const request = { profile: brokerProfile('test', names), spki: readCsr(csr), now: issuer.now };
  const certificate = await issueCertificate(request, tree.serverCa);
  return { certificateChain: certificatePem(certificate.raw) + pemOf('serverCa') + issuer.cross, notAfter: '' };
};

const messages = {
  request: (contract: object, body: { csr: string; serverNames: string[] }) => {
    if (issuer.away) return Promise.reject(new DomainError('unavailable', 'away'));
    if (contract === brokerCertificate) return certify(body.csr, body.serverNames);
    const trust = { bundleVersion: 1, roots: [pemOf('root')], rootSpkiSha256: [''] };
    return Promise.resolve({
      deployment: 'test',
      revision: issuer.revision,
      trust,
      signedTrust: '',
      agentCas: [pemOf('agentCa')],
      claimCas: [pemOf('claimCa')],
      serverChain: pemOf('serverCa') + issuer.cross,
      renewOtherThan: null,
    });
  },
} as unknown as MessageClient;

const load = async (names = ['localhost']): Promise<BrokerIdentityService> => {
  const config = { ADIT_DATA_DIR: join(directory, 'broker'), ADIT_SERVER_NAMES: names } as BrokerConfig;
  const service = new BrokerIdentityService(config, 'broker-1', messages, createLogger('test', 'silent'));
  started.push(service);
  await service.load();
  return service;
};

const serial = (service: BrokerIdentityService): string => {
  const [leaf] = readCertificates(service.current.chain);
  return leaf === undefined ? '' : serialOf(leaf);
};

describe('the identity of a broker', () => {
  it('is asked of the issuer once and kept in a file of its owner alone', async () => {
    const first = await load();
    const second = await load();
    expect(serial(second)).toBe(serial(first));
    expect(issuer.asked).toBe(1);
    expect((await stat(join(directory, 'broker', 'identity.json'))).mode & 0o777).toBe(0o600);
    expect(second.pins.agentCas[0]?.fingerprint256).toBe(tree.agentCa.certificate.fingerprint256);
  });

  it('lets the broker serve while the issuer is away', async () => {
    const before = serial(await load());
    issuer.away = true;
    expect(serial(await load())).toBe(before);
  });

  it('is replaced when the broker has other names', async () => {
    await load();
    const renamed = await load(['localhost', '127.0.0.1']);
    expect(readCertificates(renamed.current.chain)[0]?.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(issuer.asked).toBe(2);
  });

  it('is replaced after two thirds of its life', async () => {
    issuer.now = new Date(Date.now() - 21 * DAY_MS);
    const old = serial(await load());
    issuer.now = new Date();
    expect(serial(await load())).not.toBe(old);
  });

  it('is replaced when the issuer has another CA, and told to who serves with it', async () => {
    const service = await load();
    const changes: string[] = [];
    service.onChange((identity) => changes.push(identity.chain));
    expect(await service.reread()).toBe(1);
    issuer.revision = 2;
    expect(await service.reread()).toBe(2);
    expect({ asked: issuer.asked, changes: changes.length }).toEqual({ asked: 1, changes: 1 });
    issuer.cross = pemOf('root');
    await service.reread();
    expect(issuer.asked).toBe(2);
    expect(changes.at(-1)?.endsWith(issuer.cross)).toBe(true);
  });

  it('stays as it is while the issuer cannot be asked again', async () => {
    const service = await load();
    const before = serial(service);
    issuer.away = true;
    await expect(service.reread()).rejects.toMatchObject({ code: 'unavailable' });
    expect(serial(service)).toBe(before);
    issuer.away = false;
    expect(await service.reread()).toBe(1);
  });

  it('serves to its end when it cannot be replaced in time', async () => {
    issuer.now = new Date(Date.now() - 29 * DAY_MS);
    const old = serial(await load());
    issuer.away = true;
    expect(serial(await load())).toBe(old);
  });

  it('stops the start with the key to change when the issuer does not certify its names', async () => {
    issuer.forbids = true;
    await expect(load(['bank.example'])).rejects.toThrow(ConfigurationError);
    await expect(load(['bank.example'])).rejects.toThrow('ADIT_SERVER_NAMES');
  });
});
