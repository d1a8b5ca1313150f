import { agentTlsOptions, type AgentTls, type KeyfileEndpoint } from '@app/pki';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectionFault, tlsFault } from './connection.fault.js';
import { opened } from './opened-socket.js';
import { connectThroughProxy } from './proxy.connect.js';
import type { ProxySettings } from './proxy.settings.js';

export type Endpoint = KeyfileEndpoint;
export type Credentials = Omit<AgentTls, 'serverName'>;

export const endpointName = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const byPriority = (endpoints: readonly Endpoint[]): Endpoint[] =>
  endpoints.toSorted((a, b) => a.priority - b.priority);

/** Opens the one connection a site makes: TCP or a proxy's CONNECT, then TLS 1.3 with the site's certificate. */
export class EndpointDialer {
  constructor(
    readonly proxy: ProxySettings,
    readonly connectTimeoutMs = 10_000,
    /** Longer than a broker lets a connection wait in line when all its agents come at once. */
    readonly handshakeTimeoutMs = 20_000,
  ) {}

  /** @throws AgentError of the hop that failed */
  async reach(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
    const target = endpointName(endpoint);
    const hop = this.proxy.hopFor(endpoint.host, endpoint.port);
    if (hop !== undefined) return await connectThroughProxy(hop, target, { timeoutMs: this.connectTimeoutMs, signal });
    const { host, port } = endpoint;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.connectTimeoutMs)]);
      return await opened(connectTcp({ host, port, noDelay: true, keepAlive: true }), 'connect', limit);
    } catch (cause) {
      throw connectionFault(target, cause);
    }
  }

  /**
   * The broker's certificate is verified when this resolves; that it accepts ours only its first message tells.
   * `inspect` runs inside `secureConnect`, the only moment in which facts of the connection may be read. `sentBytes`: of
   * the handshake, the proxy's included.
   */
  async secure<T>(
    endpoint: Endpoint,
    credentials: Credentials,
    signal: AbortSignal,
    inspect: (socket: TLSSocket) => T,
  ): Promise<{ socket: TLSSocket; facts: T; sentBytes: number }> {
    const transport = await this.reach(endpoint, signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.handshakeTimeoutMs)]);
    const socket = connectTls({
      ...agentTlsOptions({ ...credentials, serverName: endpoint.serverName }),
      socket: transport,
    });
    const inspected = new Promise<T>((resolve) => {
      socket.once('secureConnect', () => resolve(inspect(socket)));
    });
    try {
      await opened(socket, 'secureConnect', limit);
      return { socket, facts: await inspected, sentBytes: transport.bytesWritten };
    } catch (cause) {
      transport.destroy();
      throw tlsFault(endpointName(endpoint), cause);
    }
  }
}
