import { type EnrolRequest, type EnrolResponse, enrolResponse } from '@app/contracts';
import {
  createCsr,
  createProofs,
  createReturnProof,
  ENROL_ALPN,
  ENROL_EXPORTER_LABEL,
  EXPORTER_BYTES,
  type Keyfile,
  privateKeyPem,
  spkiOf,
} from '@app/pki';
import type { KeyObject } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { AgentError } from '../errors.js';
import { tlsFault } from '../network/connection.fault.js';
import { type Credentials, type Endpoint, type EndpointDialer, endpointName } from '../network/endpoint.dialer.js';

const MESSAGE_MAX_BYTES = 16 * 1024;
const LENGTH_BYTES = 4;
/** Longer than the broker's own wait for the issuer. */
const ANSWER_TIMEOUT_MS = 15_000;

export interface EnrolmentKeys {
  newKey: KeyObject;
  /** DER SubjectPublicKeyInfo of the site's TLS key. */
  siteTlsSpki: Buffer;
  /** Of the identity that returns. */
  identityKey?: KeyObject;
}

/** One request and its answer over a connection of its own (ALPN adit-enrol/1): u32 length, big-endian, then JSON. */
export const exchangeEnrolment = async (
  dialer: EndpointDialer,
  endpoint: Endpoint,
  keyfile: Keyfile,
  keys: EnrolmentKeys,
  signal: AbortSignal,
): Promise<EnrolResponse> => {
  const credentials: Credentials = {
    key: privateKeyPem(keyfile.claim.key),
    chain: keyfile.document.claim.certificate,
    roots: keyfile.document.trust.roots,
    alpn: ENROL_ALPN,
  };
  const exporterOf = (socket: TLSSocket): Buffer =>
    socket.exportKeyingMaterial(EXPORTER_BYTES, ENROL_EXPORTER_LABEL, Buffer.alloc(0));
  const { socket, facts: exporter } = await dialer.secure(endpoint, credentials, signal, exporterOf);
  try {
    const request = await requestFor(keyfile, keys, exporter);
    const target = endpointName(endpoint);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const answer = readMessage(socket, target, limit);
    socket.write(encodeMessage(request));
    return parseAnswer(await answer, target);
  } finally {
    socket.destroy();
  }
};

const requestFor = async (keyfile: Keyfile, keys: EnrolmentKeys, exporter: Buffer): Promise<EnrolRequest> => {
  const { newKey, siteTlsSpki, identityKey } = keys;
  const subject = { exporter, token: keyfile.token, siteTlsSpki, csrSpki: spkiOf(newKey) };
  const proofs = {
    ...createProofs(subject, { newKey, claimKey: keyfile.claim.key }),
    ...(identityKey === undefined ? {} : { identityKey: createReturnProof(subject, identityKey) }),
  };
  return {
    v: 1,
    keyfileId: keyfile.document.keyfileId,
    token: keyfile.document.token,
    csr: await createCsr(newKey),
    siteTlsSpki: siteTlsSpki.toString('base64'),
    proofs,
  };
};

const encodeMessage = (message: EnrolRequest): Buffer => {
  const body = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

const parseAnswer = (body: Buffer, target: string): EnrolResponse => {
  try {
    return enrolResponse.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw invalidAnswer(target, 'it is not an enrolment answer', cause);
  }
};

const invalidAnswer = (target: string, reason: string, cause?: unknown): AgentError =>
  new AgentError('enrolment-answer-invalid', `${target} answered, but ${reason}`, undefined, { cause });

const hungUp = (target: string): AgentError =>
  new AgentError(
    'enrolment-interrupted',
    `${target} closed the connection without an answer`,
    'It may be starting, or it does not accept this keyfile: `adit-agent check --keyfile FILE` tells more',
  );

const readMessage = (socket: TLSSocket, target: string, signal: AbortSignal): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    let fault: unknown;
    const fail = (error: AgentError): void => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    const onAbort = (): void => fail(new AgentError('enrolment-interrupted', `${target} did not answer in time`));
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < LENGTH_BYTES ? 0 : received.readUInt32BE(0);
      if (length > MESSAGE_MAX_BYTES) fail(invalidAnswer(target, `it is longer than ${MESSAGE_MAX_BYTES} bytes`));
      else if (length > 0 && received.length >= LENGTH_BYTES + length) {
        signal.removeEventListener('abort', onAbort);
        resolve(received.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      }
    };
    // The broker judges our certificate after our side of the handshake is done: its alert arrives here.
    socket.on('error', (error) => {
      fault = error;
    });
    socket.once('close', () => {
      const judged = fault === undefined ? undefined : tlsFault(target, fault);
      fail(judged?.code === 'certificate-refused' ? judged : hungUp(target));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData);
    if (socket.destroyed) fail(hungUp(target));
  });
