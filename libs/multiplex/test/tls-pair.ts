import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import forge from 'node-forge';

function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  const name = [{ name: 'commonName', value: 'test' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { key: privateKey, cert: forge.pki.certificateToPem(certificate) };
}

/** Two ends of one TLS 1.3 connection over loopback. @param raw gets the second end's TCP socket */
export async function tlsPair(raw?: (socket: Socket) => void): Promise<[TLSSocket, TLSSocket]> {
  const { key, cert } = selfSigned();
  const server = createServer({ key, cert, minVersion: 'TLSv1.3' }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  if (raw !== undefined) server.once('connection', raw);
  const accepted = once(server, 'secureConnection');
  const near = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca: cert,
    checkServerIdentity: () => undefined,
  });
  await once(near, 'secureConnect');
  const [far] = (await accepted) as [TLSSocket];
  server.close();
  return [near, far];
}
