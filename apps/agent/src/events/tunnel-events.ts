import { endpointName } from '../network/endpoint.dialer.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import type { EventSink, SiteEvent } from '../site/site-event.js';

/** Events of the tunnel with how long it was up or down; one that is suspended and resumed was never down. */
export const followTunnel = (tunnel: Pick<TunnelClient, 'on'>, sink: EventSink): void => {
  let isUp = false;
  let changedAt = performance.now();
  const change = (up: boolean, details: (ms: number) => SiteEvent['details']): void => {
    if (up === isUp) return;
    const ms = Math.round(performance.now() - changedAt);
    isUp = up;
    changedAt = performance.now();
    sink.event({ type: up ? 'tunnel.up' : 'tunnel.down', sourceId: '', at: new Date(), details: details(ms) });
  };
  tunnel.on('up', ({ endpoint }) => change(true, (downForMs) => ({ broker: endpointName(endpoint), downForMs })));
  tunnel.on('down', ({ code }) => change(false, (upForMs) => ({ code, upForMs })));
};
