import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import {
  agentProfile,
  agentTlsOptions,
  brokerProfile,
  type CaTree,
  certificatePem,
  claimProfile,
  createCsr,
  createSiteCertificate,
  ENROL_ALPN,
  generateKey,
  issueCertificate,
  type Issuer,
  openCaTree,
  privateKeyPem,
  type Profile,
  spkiOf,
  TUNNEL_ALPN,
} from '@app/pki';
import { type Alpn, claimOf, type Credentials, enrol, enrolled, frame, openTunnel } from '../harness/tunnel-agent.js';
import { openIssuerTree } from '../harness/issuer-tree.js';
import { type Keyfile, TunnelCloud } from '../harness/tunnel-cloud.js';

const DAY_MS = 86_400_000;
const AGENT_ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

let cloud: TunnelCloud;
let directory: string;
/** The deployment's own CAs, as somebody who stole one of them would use it. */
let own: CaTree;
/** Another deployment of the same name: all names equal, all keys different. */
let lookAlike: CaTree;
/** A deployment of another name. */
let foreign: CaTree;

beforeAll(async () => {
  cloud = await TunnelCloud.start();
  directory = await mkdtemp(join(tmpdir(), 'adit-look-alike-'));
  own = await openIssuerTree(cloud.platform.dataDir);
  lookAlike = await openCaTree(join(directory, 'look-alike'), 'adit', new Date());
  foreign = await openCaTree(join(directory, 'foreign'), 'foreign', new Date());
}, 90_000);

afterAll(async () => {
  await cloud?.stop();
  await rm(directory, { recursive: true, force: true });
});

const newKeyfile = async (): Promise<Keyfile> => cloud.newKeyfile(await cloud.newSite());

const credentialsOf = async (profile: Profile, issuer: Issuer, now = new Date()): Promise<Credentials> => {
  const key = generateKey();
  const certificate = await issueCertificate({ profile, spki: spkiOf(key), now }, issuer);
  const chain = certificatePem(certificate.raw) + certificatePem(issuer.certificate.raw);
  return { key: privateKeyPem(key), chain, roots: [certificatePem(own.root.certificate.raw)] };
};

const agent = agentProfile('adit', AGENT_ID);
const claim = claimProfile('adit', AGENT_ID, DAY_MS);
const asServer: Profile = { ...agent, usage: 'server' };
const broker = brokerProfile('adit', ['localhost']);
const foreignAgent = agentProfile('foreign', AGENT_ID);

/** The site's own certificate signs itself, as any stranger's may. */
const selfSigned = async (): Promise<Credentials> => {
  const { key, certificate } = await createSiteCertificate(new Date());
  return { key, chain: certificate, roots: [certificatePem(own.root.certificate.raw)] };
};

/** Names and issuer are ours, the signature is not. */
const withOurCa = async (): Promise<Credentials> => {
  const credentials = await credentialsOf(agent, lookAlike.agentCa);
  const [leaf = ''] = credentials.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  return { ...credentials, chain: leaf + certificatePem(own.agentCa.certificate.raw) };
};

/** @returns how many bytes the broker sent before it closed */
const bytesBeforeClose = async (
  credentials: Credentials,
  alpn: Alpn,
  change: ConnectionOptions = {},
): Promise<number> => {
  const options = agentTlsOptions({ ...credentials, serverName: '127.0.0.1', alpn });
  const socket = connectTls({ ...options, host: '127.0.0.1', port: cloud.tunnelPort, ...change });
  let bytes = 0;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await new Promise((resolve) => socket.once('close', resolve));
  return bytes;
};

describe('the listener', () => {
  it.each<[string, Alpn, () => Promise<[Credentials, ConnectionOptions?]>]>([
    ['no certificate', TUNNEL_ALPN, async () => [await credentialsOf(agent, own.agentCa), { key: '', cert: '' }]],
    ['no protocol', TUNNEL_ALPN, async () => [await credentialsOf(agent, own.agentCa), { ALPNProtocols: [] }]],
    [
      'an unknown protocol',
      TUNNEL_ALPN,
      async () => [await credentialsOf(agent, own.agentCa), { ALPNProtocols: ['h2'] }],
    ],
    ['an agent of a look-alike deployment', TUNNEL_ALPN, async () => [await credentialsOf(agent, lookAlike.agentCa)]],
    ['a claim of a look-alike deployment', ENROL_ALPN, async () => [await credentialsOf(claim, lookAlike.claimCa)]],
    [
      'an expired claim',
      ENROL_ALPN,
      async () => [await credentialsOf(claim, own.claimCa, new Date(Date.now() - 2 * DAY_MS))],
    ],
    [
      'an expired agent',
      TUNNEL_ALPN,
      async () => [await credentialsOf(agent, own.agentCa, new Date(Date.now() - 100 * DAY_MS))],
    ],
    [
      'an agent whose time has not come',
      TUNNEL_ALPN,
      async () => [await credentialsOf(agent, own.agentCa, new Date(Date.now() + DAY_MS))],
    ],
    ['a certificate that signed itself', TUNNEL_ALPN, async () => [await selfSigned()]],
    [
      'an agent’s name on a server’s certificate',
      TUNNEL_ALPN,
      async () => [await credentialsOf(asServer, own.agentCa)],
    ],
    ['a broker’s certificate', TUNNEL_ALPN, async () => [await credentialsOf(broker, own.serverCa)]],
    ['another deployment', TUNNEL_ALPN, async () => [await credentialsOf(foreignAgent, foreign.agentCa)]],
    ['a look-alike that sends our CA along', TUNNEL_ALPN, async () => [await withOurCa()]],
    [
      'TLS 1.2',
      TUNNEL_ALPN,
      async () => [await credentialsOf(agent, own.agentCa), { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ],
  ])('says nothing to %s', async (_case, alpn, make) => {
    const [credentials, change] = await make();
    expect(await bytesBeforeClose(credentials, alpn, change)).toBe(0);
  });

  it('does not answer what is not TLS', async () => {
    const socket = connectTcp(cloud.tunnelPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString('latin1')).not.toContain('HTTP');
  });

  it.each([
    ['says nothing', Buffer.alloc(0)],
    ['stops in the middle of its hello', Buffer.from([0x16, 3, 1, 2, 0, 1])],
  ])(
    'does not keep a client that %s',
    async (_case, bytes) => {
      const socket = connectTcp({ port: cloud.tunnelPort, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(bytes);
      await once(socket, 'end');
      socket.destroy();
    },
    10_000,
  );

  it.each<[string, () => Promise<Credentials>]>([
    ['a claim certificate', async () => claimOf((await newKeyfile()).text)],
    ['an agent’s name signed by the claim CA', () => credentialsOf(agent, own.claimCa)],
    ['an agent’s name signed by the server CA', () => credentialsOf(agent, own.serverCa)],
    ['a claim signed by the agent CA', () => credentialsOf(claim, own.agentCa)],
  ])('opens no tunnel with %s', async (_case, make) => {
    await expect(openTunnel(cloud.tunnelPort, await make())).rejects.toMatchObject({ code: 'certificate-wrong-role' });
  });

  it('opens no tunnel with an agent’s certificate that nobody has on record', async () => {
    const stolen = await credentialsOf(agent, own.agentCa);
    await expect(openTunnel(cloud.tunnelPort, stolen)).rejects.toMatchObject({ code: 'certificate-unknown' });
  });

  it('does not enrol with an identity certificate', async () => {
    const keyfile = await newKeyfile();
    const identity = await enrolled(cloud.tunnelPort, (await newKeyfile()).text);
    const answer = await enrol(cloud.tunnelPort, keyfile.text, { credentials: identity });
    expect(answer).toMatchObject({ ok: false, code: 'certificate-wrong-role' });
    expect(await cloud.keyfileState(keyfile.keyfileId)).toBe('issued');
  });
});

describe('an enrolment', () => {
  it('that is repeated with the same key gets the same bytes', async () => {
    const keyfile = await newKeyfile();
    const newKey = generateKey();
    const first = await enrol(cloud.tunnelPort, keyfile.text, { newKey });
    expect(first).toMatchObject({ ok: true });
    expect(await enrol(cloud.tunnelPort, keyfile.text, { newKey })).toEqual(first);
    expect(await enrol(cloud.tunnelPort, keyfile.text)).toMatchObject({ ok: false, code: 'enrolment-used' });
  });

  it('that 50 try at once has exactly one winner', async () => {
    for (let round = 0; round < 10; round++) {
      const keyfile = await newKeyfile();
      const tries = Array.from({ length: 50 }, () => enrol(cloud.tunnelPort, keyfile.text));
      const codes = (await Promise.all(tries)).map((answer) => (answer.ok ? 'won' : answer.code));
      expect(codes.filter((code) => code === 'won')).toHaveLength(1);
      expect(codes.filter((code) => code === 'enrolment-used')).toHaveLength(49);
    }
  }, 120_000);

  const badProof = Buffer.alloc(70, 1).toString('base64');
  it.each<[string, string, (keyfile: Keyfile) => Promise<Parameters<typeof enrol>[2]>]>([
    [
      'the claim certificate of another keyfile',
      'enrolment-token-mismatch',
      async () => ({ credentials: claimOf((await newKeyfile()).text) }),
    ],
    ['another token', 'enrolment-token-mismatch', async () => ({ change: { token: 'A'.repeat(43) } })],
    [
      'a proof that does not hold',
      'enrolment-bad-proof',
      async () => ({ change: { proofs: { newKey: badProof, claimKey: badProof } } }),
    ],
    ['a malformed CSR', 'enrolment-bad-csr', async () => ({ change: { csr: 'nonsense' } })],
    [
      'the CSR of another key',
      'enrolment-bad-proof',
      async () => ({ change: { csr: await createCsr(generateKey()) } }),
    ],
    ['an unknown member', 'enrolment-malformed', async () => ({ change: { extra: 1 } as object })],
    ['another version', 'enrolment-malformed', async () => ({ change: { v: 2 } as object })],
    ['a message over 16 KiB', 'enrolment-malformed', async () => ({ raw: frame(Buffer.alloc(16 * 1_024 + 1, 0x20)) })],
    ['text that is not JSON', 'enrolment-malformed', async () => ({ raw: frame('{') })],
    ['two messages', 'enrolment-malformed', async () => ({ raw: Buffer.concat([frame('{}'), frame('{}')]) })],
  ])('with %s is refused and burns nothing', async (_case, code, make) => {
    const keyfile = await newKeyfile();
    expect(await enrol(cloud.tunnelPort, keyfile.text, await make(keyfile))).toMatchObject({ ok: false, code });
    expect(await cloud.keyfileState(keyfile.keyfileId)).toBe('issued');
  });

  it('with a revoked keyfile is refused', async () => {
    const keyfile = await newKeyfile();
    await cloud.revoke(keyfile.keyfileId);
    expect(await enrol(cloud.tunnelPort, keyfile.text)).toMatchObject({ ok: false, code: 'enrolment-revoked' });
  });

  it('while the issuer is away may be repeated later', async () => {
    const keyfile = await newKeyfile();
    const back = cloud.platform.kill('keyfile-issuer');
    const away = await enrol(cloud.tunnelPort, keyfile.text);
    expect(away).toMatchObject({ ok: false, code: 'unavailable', retryAfterMs: expect.any(Number) });
    await back;
    expect(await enrol(cloud.tunnelPort, keyfile.text)).toMatchObject({ ok: true });
  }, 40_000);

  it('leaves no token in any log', async () => {
    const keyfile = await newKeyfile();
    await enrol(cloud.tunnelPort, keyfile.text);
    const { token } = JSON.parse(keyfile.text) as { token: string };
    expect(cloud.platform.lines.filter((line) => line.includes(token))).toEqual([]);
  });
});
