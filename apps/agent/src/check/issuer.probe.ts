import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { opened } from '../network/opened-socket.js';

export interface Presented {
  /** The name of whoever signed the presented certificate. */
  issuer: string;
  validFrom: Date;
  validTo: Date;
}

const PROBE_TIMEOUT_MS = 5_000;

/**
 * Which certificate a peer shows that our own rules refused. Only for the report: the connection carries no byte of
 * ours and no client certificate, and is destroyed at once; so it accepts every certificate and also what TLS
 * inspection speaks, where the tunnel accepts TLS 1.3 with our root alone.
 */
export const probeIssuer = async (transport: Socket, serverName: string): Promise<Presented | undefined> => {
  const socket = connect({
    socket: transport,
    servername: serverName,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  const presented = new Promise<Presented | undefined>((resolve) => {
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      resolve(certificate === undefined ? undefined : describe(certificate));
    });
  });
  try {
    await opened(socket, 'secureConnect', AbortSignal.timeout(PROBE_TIMEOUT_MS));
    return await presented;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
    transport.destroy();
  }
};

const describe = (certificate: X509Certificate): Presented => ({
  issuer: certificate.issuer.split('\n').reverse().join(', '),
  validFrom: new Date(certificate.validFrom),
  validTo: new Date(certificate.validTo),
});
