import {
  type AttachOptions,
  type HelloInfo,
  LANE_EXPORTER_BYTES,
  LANE_EXPORTER_LABEL,
  type OpenRequest,
  Session,
  SessionError,
  type UplinkCap,
  type WelcomeInfo,
} from '@app/multiplex';
import { EXPORTER_BYTES, notAfterOf, readCertificates, RENEW_EXPORTER_LABEL, TUNNEL_ALPN } from '@app/pki';
import type { Identity } from '../identity/identity.js';
import { type Credentials, type Endpoint, type EndpointDialer, endpointName } from '../network/endpoint.dialer.js';
import { AgentError } from '../errors.js';
import { REFUSAL_POLICIES } from './refusal.policy.js';

export interface Connected {
  session: Session;
  welcome: WelcomeInfo;
  endpoint: Endpoint;
  /** What the proofs of a renewal are bound to, 32 bytes. */
  exporter: Buffer;
  /** This machine's clock minus the broker's, half a round trip taken off. */
  clockSkewMs: number;
}

export interface AttemptOptions {
  dialer: EndpointDialer;
  identity: Identity;
  hello: () => HelloInfo;
  onOpen: (request: OpenRequest) => void;
  now: () => number;
  /** Of the site, whatever sessions it has. */
  uplinkCap: UplinkCap;
}

/**
 * One attempt at one endpoint. Resolves after WELCOME: before it nothing is proven, because TLS 1.3 lets an agent
 * finish its handshake although the broker refuses its certificate.
 * @throws AgentError of the hop that failed, or SessionError (SessionRefusedError with the broker's code)
 */
export const attemptTunnel = async (
  endpoint: Endpoint,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<Connected> => {
  const { transport, exporter, renewalExporter } = await dial(endpoint, options, signal);
  const { onOpen, uplinkCap } = options;
  const session = new Session({ role: 'agent', transport, exporter, hello: options.hello(), onOpen, uplinkCap });
  const stop = (): void => session.close('cancelled');
  signal.addEventListener('abort', stop, { once: true });
  const sentAt = options.now();
  try {
    const welcome = await session.start();
    const receivedAt = options.now();
    const clockSkewMs = Math.round((sentAt + receivedAt) / 2 - welcome.wallClockMs);
    return { session, welcome, endpoint, exporter: renewalExporter, clockSkewMs };
  } catch (error) {
    throw asRefusal(error, endpoint, options);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** One more connection for a session. @throws as attemptTunnel */
export const attachTunnel = async (
  { session, endpoint }: Pick<Connected, 'session' | 'endpoint'>,
  as: AttachOptions['as'],
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<void> => {
  const { transport, exporter } = await dial(endpoint, options, signal);
  await session.attach({ transport, exporter, as });
};

const dial = async (
  endpoint: Endpoint,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<Omit<AttachOptions, 'as'> & { renewalExporter: Buffer }> => {
  const { privateKey: key, certificateChain: chain, trust } = options.identity;
  const credentials: Credentials = { key, chain, roots: trust.roots, alpn: TUNNEL_ALPN };
  const { socket, facts, sentBytes } = await options.dialer.secure(endpoint, credentials, signal, (secured) => ({
    exporter: secured.exportKeyingMaterial(LANE_EXPORTER_BYTES, LANE_EXPORTER_LABEL, Buffer.alloc(0)),
    renewalExporter: secured.exportKeyingMaterial(EXPORTER_BYTES, RENEW_EXPORTER_LABEL, Buffer.alloc(0)),
  }));
  // A handshake cannot wait for the cap; what follows does.
  options.uplinkCap.spend(sentBytes);
  return { transport: socket, ...facts };
};

/**
 * A broker that closes instead of answering HELLO has refused the certificate. TLS itself refuses one that is over, without a
 * word that arrives for sure: by this machine's clock it is at least known whether that may be why.
 */
const asRefusal = (error: unknown, endpoint: Endpoint, { identity, now }: AttemptOptions): unknown => {
  if (!(error instanceof SessionError) || !['transport-closed', 'transport-error'].includes(error.code)) return error;
  const [leaf] = readCertificates(identity.certificateChain);
  const isOver = leaf !== undefined && notAfterOf(leaf).getTime() <= now();
  const message = `${endpointName(endpoint)} closed the connection before it let this site in`;
  const advice = isOver ? REFUSAL_POLICIES['certificate-expired']?.advice : REFUSED;
  return new AgentError(isOver ? 'certificate-over' : 'certificate-refused', message, advice, { cause: error });
};

const REFUSED = "The cloud may have revoked this site's identity, or does not know it; `adit-agent check` tells more";
