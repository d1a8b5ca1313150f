/**
 * A process on the site: one TCP service that pours, swallows, echoes or films, as the first byte says. With the
 * argument `tls` it speaks TLS as a broker's listener does: the bare line that tunnels are compared with.
 */
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { built } from '../built.mjs';
import { FrameSource, MODE_BYTE, pour } from './traffic.mjs';

const frames = new FrameSource();
let received = 0;

/** @param {import('node:net').Socket} socket */
function serve(socket) {
  socket.on('error', () => undefined);
  socket.once('data', (first) => {
    if (first[0] === MODE_BYTE.source) pour(socket);
    else if (first[0] === MODE_BYTE.video) frames.add(socket);
    else if (first[0] === MODE_BYTE.echo) echo(socket, first.subarray(1));
    socket.on('data', (chunk) => (received += chunk.length));
  });
}

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} first what came together with the byte that chooses
 */
function echo(socket, first) {
  if (first.length > 0) socket.write(first);
  socket.on('data', (chunk) => socket.write(chunk));
}

/** @returns {Promise<{ server: import('node:net').Server, ca?: string }>} */
async function listener() {
  if (process.argv[2] !== 'tls') return { server: createServer({ noDelay: true }, serve) };
  const { createSiteCertificate } = await built('pki');
  const { key, certificate } = await createSiteCertificate(new Date());
  const options = { key, cert: certificate, minVersion: /** @type {const} */ ('TLSv1.3'), noDelay: true };
  return { server: createTlsServer(options, serve), ca: certificate };
}

const { server, ca } = await listener();
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ type: 'ready', port, ca });
});
process.on('message', ({ id }) => {
  process.send?.({ id, bytes: received, atMs: performance.now(), dropped: frames.dropped });
});
process.on('disconnect', () => process.exit());
