import { endpointName } from '../network/endpoint.dialer.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import type { ConnectionRecord } from './connection.record.js';

/** A cut that the session survived is an outage from here on: shorter ones lose nothing and are many on a bad line. */
const NOTABLE_CUT_MS = 5_000;

/** Notes when there is no tunnel, why, and what every attempt at every endpoint ended in. */
export const recordTunnel = (tunnel: Pick<TunnelClient, 'on'>, record: ConnectionRecord): void => {
  let endpoint = '';
  let stands = false;
  tunnel.on('up', (connected) => {
    endpoint = endpointName(connected.endpoint);
    stands = true;
    record.up();
  });
  tunnel.on('suspended', ({ code }) => record.down(code));
  tunnel.on('resumed', () => record.up(NOTABLE_CUT_MS));
  tunnel.on('down', ({ code, message }) => {
    stands = false;
    // After a cut that was not survived the cause is the cut, and this is what came of it.
    if (!record.down(code)) record.failed({ code, endpoint, detail: message });
  });
  tunnel.on('moving', () => {
    stands = false;
  });
  // The session that was left behind carried on until now; the next one may not be there yet.
  tunnel.on('left', (_endpoint, { code }) => {
    if (!stands) record.down(code === 'drained' || code === 'normal' ? 'broker-draining' : code);
  });
  tunnel.on('failed', (to, { code, message }) => record.failed({ code, endpoint: to, detail: message }));
};
