import {
  brokerProfile,
  brokerTlsOptions,
  certificatePem,
  type CaTree,
  ENROL_ALPN,
  generateKey,
  issueCertificate,
  privateKeyPem,
  spkiOf,
} from '@app/pki';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { keyfileContent, temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { type Credentials, EndpointDialer } from '../network/endpoint.dialer.js';
import { ProxySettings } from '../network/proxy.settings.js';
import { checkEndpoint } from './endpoint.check.js';

const dialer = new EndpointDialer(new ProxySettings({}), 1_000, 2_000);

/** The certificate of a box that opens TLS: RSA, as most of them. */
const inspectingBox = (): TlsOptions => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-box-'));
  const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
  const subject = '/O=Corporate Firewall/CN=Web Gateway';
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', subject],
    { stdio: 'ignore' },
  );
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(dir, { recursive: true });
  return options;
};

describe('checkEndpoint', () => {
  let tree: CaTree;
  let credentials: Credentials;
  const servers: Server[] = [];

  const listen = async (server: Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  const serve = (options: TlsOptions): Promise<number> =>
    listen(
      createServer(options, (socket) => socket.on('error', () => undefined)).on('tlsClientError', () => undefined),
    );

  const broker = async (names: string[], roots = [certificatePem(tree.root.certificate.raw)]): Promise<number> => {
    const key = generateKey();
    const request = { profile: brokerProfile('test', names), spki: spkiOf(key), now: new Date() };
    const leaf = await issueCertificate(request, tree.serverCa);
    const chain = certificatePem(leaf.raw) + certificatePem(tree.serverCa.certificate.raw);
    return serve(brokerTlsOptions({ key: privateKeyPem(key), chain, roots }));
  };

  const codes = async (port: number): Promise<string[]> => {
    const endpoint = { host: '127.0.0.1', port, serverName: 'broker.test', priority: 0 };
    const { findings } = await checkEndpoint(dialer, endpoint, credentials);
    return findings.map(({ code }) => code);
  };

  beforeAll(async () => {
    tree = await temporaryTree();
    const { claim, trust } = await keyfileContent(tree);
    credentials = { key: claim.privateKey, chain: claim.certificate, roots: trust.roots, alpn: ENROL_ALPN };
  });

  afterAll(() => {
    for (const server of servers) server.close();
  });

  it('finds nothing wrong with a broker of ours', async () => {
    expect(await codes(await broker(['broker.test']))).toEqual(['tcp-ok', 'tls-ok']);
  });

  it('names who opens TLS on the way', async () => {
    const port = await serve(inspectingBox());
    const endpoint = { host: '127.0.0.1', port, serverName: 'broker.test', priority: 0 };
    const { findings } = await checkEndpoint(dialer, endpoint, credentials);
    expect(findings.at(-1)).toMatchObject({
      code: 'tls-inspected',
      level: 'failure',
      detail: expect.stringContaining('Web Gateway') as string,
    });
  });

  it('tells a broker under another name from a stranger', async () => {
    expect(await codes(await broker(['other.test']))).toEqual(['tcp-ok', 'tls-wrong-name']);
  });

  it('sees that the broker does not accept the certificate of this site', async () => {
    const stranger = await temporaryTree('stranger');
    const port = await broker(['broker.test'], [certificatePem(stranger.root.certificate.raw)]);
    expect(await codes(port)).toEqual(['tcp-ok', 'certificate-refused']);
  });

  it('says that nothing listens, and that what listens is no TLS', async () => {
    expect(await codes(1)).toEqual(['connection-refused']);
    const plain = await listen(createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0\r\n')));
    expect(await codes(plain)).toEqual(['tcp-ok', 'tls-failed']);
  });

  it('says that DNS does not know the name', async () => {
    const endpoint = { host: 'broker.invalid', port: 5500, serverName: 'broker.invalid', priority: 0 };
    const { findings } = await checkEndpoint(dialer, endpoint, credentials);
    expect(findings.map(({ code }) => code)).toEqual(['name-unknown']);
  });
});
