import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';

/** A TCP connection to the URL's host and port (554). `signal` ends the dialling only. @throws MediaError `camera-unreachable`, `not-implemented`, or the socket's error */
export function dialRtsp(url: string, signal: AbortSignal): Promise<Duplex> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'rtsp:')
    return Promise.reject(new MediaError('not-implemented', `Cameras over ${protocol} cannot be pulled`));
  if (signal.aborted) return Promise.reject(new MediaError('camera-unreachable', 'No connection in time'));
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port || 554), noDelay: true });
    const abort = (): void => void socket.destroy(new MediaError('camera-unreachable', 'No connection in time'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}
