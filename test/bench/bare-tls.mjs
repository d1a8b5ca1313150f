/** A TLS server with the broker's own settings and nothing behind them. */
import { createServer } from 'node:tls';
import { built } from './built.mjs';

const { brokerTlsOptions } = await built('pki');
/** @type {Set<import('node:tls').TLSSocket>} */
const held = new Set();

process.once('message', (/** @type {import('./identities.mjs').Credentials} */ identity) => {
  const server = createServer(brokerTlsOptions(identity), (socket) => {
    held.add(socket.on('error', () => undefined).resume());
  });
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
  });
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready' });
