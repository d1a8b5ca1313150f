import { X509Certificate } from 'node:crypto';
import type {
  AgentAdmission,
  AgentAdmissionRepository,
  Database,
  RevocationFeedRepository,
  TunnelSessionRepository,
} from '@app/persistence';
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
  notAfter: new Date(0),
} as AgentAdmission;

describe('an agent that wants into a session', () => {
  const peers: Record<string, Peer> = {};
  let admission: AdmissionService;
  let asked: [string, unknown][];
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
      {
        generation: () => Promise.resolve({ generation: null, isRecovering: false }),
      } as unknown as RevocationFeedRepository,
      {
        request: ({ subject }: { subject: string }, body: unknown) => Promise.resolve(asked.push([subject, body])),
      } as unknown as MessageClient,
      { warn: () => undefined, error: () => undefined } as unknown as AppLogger,
    );
    session = { agentId: AGENT_ID, serial: serialOf(peerOf('agent').certificate) };
  });

  beforeEach(() => {
    asked = [];
    find = () => Promise.resolve(RECORD);
  });

  const peerOf = (name: string): Peer => {
    const peer = peers[name];
    if (peer === undefined) throw new Error(name);
    return peer;
  };

  it('may when it is its own, and not when it is another’s or not here', async () => {
    expect(await admission.readmit(peerOf('agent'), session)).toEqual({ serial: session.serial });
    expect(await admission.readmit(peerOf('agent'), { ...session, agentId: 'another' })).toBeUndefined();
    expect(await admission.readmit(peerOf('agent'), undefined)).toBeUndefined();
  });

  it('may by the next certificate of the same agent, which becomes the current one before', async () => {
    const { serial } = session;
    find = () => Promise.resolve({ ...RECORD, serial, certificateState: 'pending' });
    const joining = { serial, notAfter: RECORD.notAfter };
    expect(await admission.readmit(peerOf('agent'), { ...session, serial: 'older' })).toEqual(joining);
    expect(asked).toMatchObject([['enrolment.activate', { serial, agentId: AGENT_ID }]]);
    find = () => Promise.resolve({ ...RECORD, serial });
    expect(await admission.readmit(peerOf('agent'), { ...session, serial: 'older' })).toEqual(joining);
    expect(asked).toHaveLength(1);
  });

  it('activates nothing when the session is another’s', async () => {
    find = () => Promise.resolve({ ...RECORD, certificateState: 'pending' });
    expect(await admission.readmit(peerOf('agent'), { agentId: 'another', serial: 'older' })).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('may by a superseded one in its grace, but takes no session back to it', async () => {
    find = () => Promise.resolve({ ...RECORD, certificateState: 'superseded', inGrace: true });
    expect(await admission.readmit(peerOf('agent'), session)).toEqual({ serial: session.serial });
    expect(await admission.readmit(peerOf('agent'), { ...session, serial: 'newer' })).toBeUndefined();
  });

  it('is a copy when its certificate is past its grace, and the issuer is told', async () => {
    find = () => Promise.resolve({ ...RECORD, certificateState: 'superseded', inGrace: false });
    const refused = { refusal: { code: 'certificate-superseded' } };
    await expect(admission.readmit(peerOf('agent'), session)).rejects.toMatchObject(refused);
    expect(asked).toMatchObject([
      ['enrolment.stale-certificate', { serial: session.serial, agentId: AGENT_ID, peerAddress: '192.0.2.1' }],
    ]);
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
    expect(await admission.readmit(peerOf('agent'), session)).toEqual({ serial: session.serial });
    expect(await admission.readmit(peerOf('agent'), undefined)).toBeUndefined();
    const refused = { refusal: { code: 'unavailable' } };
    await expect(admission.readmit(peerOf('agent'), { ...session, serial: 'older' })).rejects.toMatchObject(refused);
  });
});
