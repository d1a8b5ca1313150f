import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { type EnrolRequest, enrolResponse, type EnrolResponse } from '@app/contracts';
import { bridge, type OpenRequest, Session, type SessionConfig } from '@app/multiplex';
import {
  agentTlsOptions,
  createCsr,
  createProofs,
  decodeKeyfile,
  ENROL_ALPN,
  ENROL_EXPORTER_LABEL,
  EXPORTER_BYTES,
  generateKey,
  privateKeyPem,
  spkiOf,
  TUNNEL_ALPN,
} from '@app/pki';

/** A certificate with its key, as either protocol takes it. */
export interface Credentials {
  key: string;
  chain: string;
  roots: string[];
}

export type Alpn = typeof ENROL_ALPN | typeof TUNNEL_ALPN;

export const claimOf = (keyfileText: string): Credentials => {
  const { claim, trust } = decodeKeyfile(Buffer.from(keyfileText), { now: new Date() }).document;
  return { key: claim.privateKey, chain: claim.certificate, roots: trust.roots };
};

/** Connects; resolves in `secureConnect`, which proves nothing about being admitted. */
export const connectTls = async (
  port: number,
  credentials: Credentials,
  alpn: Alpn,
  change: ConnectionOptions = {},
): Promise<TLSSocket> => {
  const options = agentTlsOptions({ ...credentials, serverName: '127.0.0.1', alpn });
  const socket = connect({ ...options, host: '127.0.0.1', port, ...change });
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
};

/** What comes back over ALPN `adit-enrol/1` before the broker closes. */
const exchange = async (socket: TLSSocket, request: Buffer): Promise<EnrolResponse> => {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  await once(socket, 'close');
  return enrolResponse.parse(JSON.parse(Buffer.concat(chunks).subarray(4).toString()));
};

export const frame = (body: Buffer | string): Buffer => {
  const bytes = Buffer.from(body);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

export interface EnrolOptions {
  newKey?: KeyObject;
  /** Of the site's own servers; else of a key that nobody has. */
  siteTlsSpki?: Buffer;
  /** Sent in place of what an honest agent sends. */
  change?: Partial<EnrolRequest>;
  /** Replaces the whole message. */
  raw?: Buffer;
  /** Presented in place of the keyfile's claim certificate. */
  credentials?: Credentials;
}

/** One enrolment, as an agent does it. */
export const enrol = async (port: number, keyfileText: string, options: EnrolOptions = {}): Promise<EnrolResponse> => {
  const { newKey = generateKey(), change, raw, credentials = claimOf(keyfileText) } = options;
  const { document, token, claim } = decodeKeyfile(Buffer.from(keyfileText), { now: new Date() });
  const socket = await connectTls(port, credentials, ENROL_ALPN);
  const siteTlsSpki = options.siteTlsSpki ?? spkiOf(createPublicKey(generateKey()));
  const exporter = socket.exportKeyingMaterial(EXPORTER_BYTES, ENROL_EXPORTER_LABEL, Buffer.alloc(0));
  const request: EnrolRequest = {
    v: 1,
    keyfileId: document.keyfileId,
    token: document.token,
    csr: await createCsr(newKey),
    siteTlsSpki: siteTlsSpki.toString('base64'),
    proofs: createProofs({ exporter, token, siteTlsSpki }, { newKey, claimKey: claim.key }),
    ...change,
  };
  return exchange(socket, raw ?? frame(JSON.stringify(request)));
};

/** Enrols and returns the identity. @throws when it is refused */
export const enrolled = async (
  port: number,
  keyfileText: string,
  options: Pick<EnrolOptions, 'siteTlsSpki'> = {},
): Promise<Credentials> => {
  const newKey = generateKey();
  const answer = await enrol(port, keyfileText, { newKey, ...options });
  if (!answer.ok) throw new Error(`not enrolled: ${answer.code}`);
  return { key: privateKeyPem(newKey), chain: answer.certificateChain, roots: answer.trust.roots };
};

/** Sends the channels of each named service to a local port; refuses everything else. */
export const offering =
  (services: Record<string, number>) =>
  (request: OpenRequest): void => {
    const port = services[request.service];
    if (port === undefined) {
      request.refuse('unknown-service');
      return;
    }
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    socket.once('error', () => request.refuse('dial-failed'));
    socket.once('connect', () => void bridge(socket, request.accept()));
  };

export interface TunnelOptions {
  instanceId?: string;
  services?: Record<string, number>;
  config?: Partial<SessionConfig>;
  /** Of its clock, ahead of the real one. */
  clockOffsetMs?: number;
}

/** A session of an agent, up. @throws SessionRefusedError, SessionError */
export const openTunnel = async (
  port: number,
  credentials: Credentials,
  { instanceId = randomUUID(), services = {}, config = {}, clockOffsetMs = 0 }: TunnelOptions = {},
): Promise<Session> => {
  const session = new Session({
    role: 'agent',
    transport: await connectTls(port, credentials, TUNNEL_ALPN),
    hello: { instanceId, agentVersion: '0.0.0-test', platform: 'test', wallClockMs: Date.now() + clockOffsetMs },
    onOpen: offering(services),
    config,
  });
  await session.start();
  return session;
};

export const closeOf = async (session: Session): Promise<{ code: string; detail?: string }> =>
  session.closeReason ?? new Promise((resolve) => session.once('close', resolve));
