import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { temporaryTree } from '../keyfile/keyfile.kit.js';
import type { CaTree } from '../authority/ca-tree.js';
import { brokerTlsOptions } from './broker-options.js';
import { brokerOf } from './handshake.kit.js';
import { inspectTls } from './inspection.js';

let tree: CaTree;
let server: Server | undefined;

beforeAll(async () => {
  tree = await temporaryTree();
});
afterEach(() => server?.close());

async function listen(options: TlsOptions | undefined): Promise<number> {
  server =
    options === undefined
      ? createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-other\r\n'))
      : createServer(options).on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const target = async (port: number) => ({
  host: '127.0.0.1',
  port,
  serverName: 'broker.test',
  roots: (await brokerOf(tree)).roots,
  timeoutMs: 2000,
});

describe('inspection of a TLS port', () => {
  it('finds nothing wrong with a broker of the deployment', async () => {
    const port = await listen(brokerTlsOptions(await brokerOf(tree)));
    expect(await inspectTls(await target(port))).toMatchObject({ protocol: 'TLSv1.3', fault: undefined });
  });

  it('names who answers instead of a broker, also with an old protocol', async () => {
    const { key, chain } = await brokerOf(await temporaryTree('middlebox'));
    const port = await listen({ key, cert: chain, maxVersion: 'TLSv1.2' });
    const { certificate, protocol, fault } = await inspectTls(await target(port));
    expect(certificate.issuer).toContain('O=middlebox');
    expect(protocol).toBe('TLSv1.2');
    expect(fault).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  it('tells a broker with another name', async () => {
    const port = await listen(brokerTlsOptions(await brokerOf(tree)));
    const inspection = await inspectTls({ ...(await target(port)), serverName: '127.0.0.1' });
    expect(inspection.fault).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('fails with a code where nobody speaks TLS', async () => {
    const port = await listen(undefined);
    await expect(inspectTls(await target(port))).rejects.toMatchObject({ code: 'tls-handshake-failed' });
  });
});
