import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { MediaError } from '../errors.js';

export function dialRtsp(url: string, signal: AbortSignal): Promise<Duplex> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'rtsp:')
    return Promise.reject(new MediaError('not-implemented', `Cameras over ${protocol} cannot be pulled`));
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
