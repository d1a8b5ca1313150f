import type { Socket } from 'node:net';
import {
  type ChannelClassName,
  type DialTicketClaims,
  formatTunnelAddress,
  parseTunnelAddress,
  type TunnelAddress,
} from '@app/contracts';
import { type Cidr, parseCidrs } from './address-rule.js';
import { dialDirect, type Resolve, resolveBySystem } from './direct.js';
import { DialError } from './errors.js';
import type { Route } from './route.js';
import { type FindRoute, RouteMemory } from './route-memory.js';
import { dialTunnelled } from './tunnelled.js';

/** CONNECT wants a port; behind a tunnel the service name alone decides. */
const NOMINAL_PORT = 5_500;

export interface TunnelDialerOptions {
  /** The deployment's domain: `<service>.<site>.tunnel.<domain>`. */
  domain: string;
  /** Null: no broker holds a session of the site. */
  routes: FindRoute;
  /** A dial ticket for that one broker process. */
  mint: (claims: DialTicketClaims, brokerId: string) => Promise<string>;
  /** Ranges that direct dials may reach although they are special. */
  direct: { allowCidrs: readonly string[] };
  /** PEM roots for an ingress that speaks TLS; asked for at the first one, and again when one cannot be verified. */
  ingressRoots?: () => Promise<readonly string[]>;
  /** From the call to an open connection. */
  timeoutMs?: number;
  resolve?: Resolve;
}

export interface DialRequest {
  tenantId: string;
  /** A tunnel address (a port is allowed and ignored) or `host:port`. */
  address: string;
  class: ChannelClassName;
  /** For the audit: on whose behalf. */
  user: string;
  signal?: AbortSignal;
}

/** Opens sockets to addresses, through a tunnel or not. */
export class TunnelDialer {
  private readonly allowed: Cidr[];
  private readonly memory: RouteMemory;
  private knownRoots: readonly string[] | undefined;

  /** @throws RangeError for a malformed CIDR */
  constructor(private readonly options: TunnelDialerOptions) {
    this.allowed = parseCidrs(options.direct.allowCidrs);
    this.memory = new RouteMemory(options.routes);
  }

  /** Whether the address leads through a tunnel. @throws DialError `address-invalid` */
  isTunnelled(address: string): boolean {
    return this.parse(address) !== null;
  }

  /** @throws DialError */
  async dial(request: DialRequest): Promise<Socket> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs ?? 10_000);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
    const tunnel = this.parse(request.address);
    const dialling =
      tunnel === null
        ? dialDirect(request.address, this.allowed, this.options.resolve ?? resolveBySystem, signal)
        : this.throughTunnel(request, tunnel, signal);
    const socket = await within(dialling, signal, timeout);
    // An error between now and the caller's first listener must not end the process.
    socket.on('error', () => undefined);
    return socket;
  }

  private parse(address: string): TunnelAddress | null {
    try {
      return parseTunnelAddress(address, this.options.domain);
    } catch (cause) {
      throw new DialError('address-invalid', 'not a name of a service behind a tunnel', { cause });
    }
  }

  /** A route may be older than the broker's end: what a gone or restarted broker refuses is tried once by a new route. */
  private async throughTunnel(request: DialRequest, tunnel: TunnelAddress, signal: AbortSignal): Promise<Socket> {
    const route = await this.memory.route(request.tenantId, tunnel.site);
    try {
      return await this.connect(route, request, tunnel, signal);
    } catch (error) {
      if (signal.aborted || !isStaleRoute(error)) throw error;
      const next = await this.memory.route(request.tenantId, tunnel.site);
      if (next.brokerId === route.brokerId && !(await this.hasOtherRoots(next, error))) throw error;
      return this.connect(next, request, tunnel, signal);
    }
  }

  private async connect(
    route: Route,
    request: DialRequest,
    tunnel: TunnelAddress,
    signal: AbortSignal,
  ): Promise<Socket> {
    const { tenantId, class: channelClass, user } = request;
    const ticket = await this.options.mint({ tenantId, ...tunnel, class: channelClass, user }, route.brokerId);
    const target = `${formatTunnelAddress(tunnel, this.options.domain)}:${NOMINAL_PORT}`;
    const roots = route.ingressTls ? await this.roots() : [];
    return dialTunnelled(route, { target, ticket, roots }, signal);
  }

  /** The deployment's roots change when its CAs are rotated; a broker that cannot be verified is the sign of it. */
  private async hasOtherRoots({ ingressTls }: Route, error: unknown): Promise<boolean> {
    if (!ingressTls || !(error instanceof DialError) || error.code !== 'site-unreachable') return false;
    const before = this.knownRoots;
    this.knownRoots = undefined;
    const now = await this.roots();
    return JSON.stringify(now) !== JSON.stringify(before);
  }

  private async roots(): Promise<readonly string[]> {
    this.knownRoots ??= await this.options.ingressRoots?.();
    return this.knownRoots ?? [];
  }
}

const isStaleRoute = (error: unknown): boolean =>
  error instanceof DialError &&
  (error.code === 'site-unreachable' || error.code === 'ticket-refused' || error.code === 'site-offline');

/** Ends the wait, also for a route or a resolver that never answers; a socket that comes too late is closed. */
const within = (dialling: Promise<Socket>, signal: AbortSignal, timeout: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      dialling.then((late) => late.destroy(), ignore);
      reject(
        timeout.aborted
          ? new DialError('dial-timeout', 'no connection in time')
          : new DialError('dial-aborted', 'the caller gave up'),
      );
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    dialling.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

const ignore = (): void => undefined;
