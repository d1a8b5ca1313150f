import { X509Certificate } from 'node:crypto';
import type { AgentAdmission, AgentAdmissionRepository, Database, TunnelSessionRepository } from '@app/persistence';
import { certificatePem, serialOf } from '@app/pki';
import type { AppLogger, MessageClient } from '@app/runtime';
import { temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { AGENT_ID, agentOf, brokerOf, claimOf } from '../../../../libs/pki/src/tls/handshake.kit.js';
import type { BrokerIdentityService } from '../identity/broker-identity.service.js';
import type { Peer } from '../listener/peer.js';
import { AdmissionService } from './admission.service.js';

const RECORD = {
  agentId: AGENT_ID,
  certificateState: 'current',
  agentState: 'active',
  expired: false,
} as AgentAdmission;

describe('an agent that wants into a session', () => {
  const peers: Record<string, Peer> = {};
  let admission: AdmissionService;
  let find: () => Promise<AgentAdmission | undefined>;
  let session: { agentId: string; serial: string };

  beforeAll(async () => {
    const tree = await temporaryTree();
    const identity = { pins: { agentCas: [new X509Certificate(certificatePem(tree.agentCa.certificate.raw))] } };
    for (const [name, { chain }] of Object.entries({
      agent: await agentOf(tree),
      claim: await claimOf(tree),
      broker: await brokerOf(tree),
    }))
      peers[name] = { alpn: 'adit-tunnel/1', address: '192.0.2.1', certificate: new X509Certificate(chain) };
    admission = new AdmissionService(
      identity as BrokerIdentityService,
      { inSystem: (work: (tx: unknown) => unknown) => work(undefined) } as unknown as Database,
      { find: () => find() } as unknown as AgentAdmissionRepository,
      {} as TunnelSessionRepository,
      {} as MessageClient,
      { warn: () => undefined } as unknown as AppLogger,
    );
    session = { agentId: AGENT_ID, serial: serialOf(peerOf('agent').certificate) };
  });

  beforeEach(() => {
    find = () => Promise.resolve(RECORD);
  });

  const peerOf = (name: string): Peer => {
    const peer = peers[name];
    if (peer === undefined) throw new Error(name);
    return peer;
  };

  it('may when it is its own, and not when it is another or not here', async () => {
    expect(await admission.readmit(peerOf('agent'), session)).toBe(true);
    expect(await admission.readmit(peerOf('agent'), { ...session, serial: 'another' })).toBe(false);
    expect(await admission.readmit(peerOf('agent'), undefined)).toBe(false);
  });

  it.each(['claim', 'broker'])(
    'is judged by its role before the session is looked for: a %s is no agent',
    async (role) => {
      const refused = { refusal: { code: 'certificate-wrong-role' } };
      await expect(admission.readmit(peerOf(role), undefined)).rejects.toMatchObject(refused);
    },
  );

  it('is refused when it was revoked, also where its session is not', async () => {
    find = () => Promise.resolve({ ...RECORD, certificateState: 'revoked' });
    const refused = { refusal: { code: 'certificate-revoked' } };
    for (const one of [session, undefined])
      await expect(admission.readmit(peerOf('agent'), one)).rejects.toMatchObject(refused);
  });

  it('is taken for what it was while the database is away', async () => {
    find = () => Promise.reject(new Error('no database'));
    expect(await admission.readmit(peerOf('agent'), session)).toBe(true);
    expect(await admission.readmit(peerOf('agent'), undefined)).toBe(false);
  });
});
