import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { inspectTls } from '@app/pki';
import type { X509Certificate } from 'node:crypto';
import { AgentError, errnoOf } from '../errors.js';
import { type Credentials, type Endpoint, type EndpointDialer, endpointName } from '../network/endpoint.dialer.js';
import { hopName } from '../network/proxy.settings.js';
import { failure, type Finding, ok } from './finding.js';

/** With TLS 1.3 a broker judges our certificate after our handshake is done: hanging up needs this long to arrive. */
const VERDICT_WAIT_MS = 700;
const INSPECTION_TIMEOUT_MS = 5_000;

export interface Presented {
  issuer: string;
  validFrom: Date;
  validTo: Date;
}

export interface EndpointReport {
  findings: Finding[];
  /** Bounds for the clock, where a certificate was seen. */
  presented?: Presented;
}

/** DNS, TCP or the proxy's CONNECT, and TLS of one endpoint, as far as it goes. */
export const checkEndpoint = async (
  dialer: EndpointDialer,
  endpoint: Endpoint,
  credentials: Credentials,
): Promise<EndpointReport> => {
  const findings = await checkName(dialer, endpoint);
  if (findings.some(({ level }) => level === 'failure')) return { findings };
  const target = endpointName(endpoint);
  const passed = stopwatch();
  try {
    (await dialer.reach(endpoint, new AbortController().signal)).destroy();
    const hop = dialer.proxy.hopFor(endpoint.host, endpoint.port);
    const by = hop === undefined ? 'connected' : `connected through ${hopName(hop)}`;
    findings.push(ok('tcp', target, 'tcp-ok', `${by} in ${passed()} ms`));
  } catch (error) {
    return { findings: [...findings, failure('tcp', target, error)] };
  }
  const tls = await checkTls(dialer, endpoint, credentials);
  return { ...tls, findings: [...findings, ...tls.findings] };
};

/** Which part of the way is slow shows by these. @returns whole ms since now */
const stopwatch = (): (() => number) => {
  const since = performance.now();
  return () => Math.round(performance.now() - since);
};

const checkName = async (dialer: EndpointDialer, endpoint: Endpoint): Promise<Finding[]> => {
  const { host, port } = endpoint;
  if (isIP(host) !== 0) return [];
  if (dialer.proxy.hopFor(host, port) !== undefined) {
    return [ok('dns', host, 'dns-by-proxy', 'the proxy resolves the name')];
  }
  const passed = stopwatch();
  try {
    const addresses = await lookup(host, { all: true });
    const found = addresses.map(({ address }) => address).join(', ');
    return [ok('dns', host, 'dns-ok', `${found} in ${passed()} ms`)];
  } catch (cause) {
    const advice = "Check the machine's DNS, or name a proxy with HTTPS_PROXY";
    const error = new AgentError('name-unknown', `DNS: ${errnoOf(cause) ?? 'no answer'}`, advice, { cause });
    return [failure('dns', host, error)];
  }
};

const checkTls = async (
  dialer: EndpointDialer,
  endpoint: Endpoint,
  credentials: Credentials,
): Promise<EndpointReport> => {
  const target = endpointName(endpoint);
  const { signal } = new AbortController();
  const passed = stopwatch();
  try {
    const { socket, facts } = await dialer.secure(endpoint, credentials, signal, presentedBy);
    const tookMs = passed();
    const finding = (await staysOpen(socket))
      ? ok('tls', target, 'tls-ok', `our issuer, TLS 1.3, ${endpoint.serverName}, connected anew in ${tookMs} ms`)
      : failure('tls', target, refusedUs());
    return { findings: [finding], ...(facts === undefined ? {} : { presented: facts }) };
  } catch (error) {
    const presented = await presentedAt(dialer, endpoint, credentials.roots);
    const finding = inspected(target, error, presented) ?? failure('tls', target, error);
    return { findings: [finding], ...(presented === undefined ? {} : { presented }) };
  }
};

const refusedUs = (): AgentError =>
  new AgentError(
    'certificate-refused',
    'the broker hung up after the handshake: it does not accept the certificate of this site',
    'Ask the operator of the cloud whether the keyfile or the site was revoked',
  );

const presentedBy = (socket: TLSSocket): Presented | undefined => {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : describe(certificate);
};

const describe = ({ issuer, validFrom, validTo }: X509Certificate): Presented => ({
  issuer: issuer.split('\n').toReversed().join(', '),
  validFrom: new Date(validFrom),
  validTo: new Date(validTo),
});

const presentedAt = async (
  dialer: EndpointDialer,
  endpoint: Endpoint,
  roots: string[],
): Promise<Presented | undefined> => {
  try {
    const socket = await dialer.reach(endpoint, new AbortController().signal);
    const { serverName } = endpoint;
    return describe((await inspectTls({ socket, serverName, roots, timeoutMs: INSPECTION_TIMEOUT_MS })).certificate);
  } catch {
    return undefined;
  }
};

const NOT_OURS = new Set(['tls-untrusted', 'tls-failed']);

/** A certificate that somebody else signed means that TLS is opened on the way, or that another server answers. */
const inspected = (target: string, error: unknown, presented: Presented | undefined): Finding | undefined => {
  if (!(error instanceof AgentError) || !NOT_OURS.has(error.code) || presented === undefined) return undefined;
  return {
    subject: 'tls',
    target,
    code: 'tls-inspected',
    level: 'failure',
    detail: `the certificate there was issued by "${presented.issuer}", not by our issuer`,
    advice: 'Exempt this host from TLS inspection (docs/site-firewall.md); if there is none, another server answers',
  };
};

/** Whether the peer is still there a moment after the handshake. */
const staysOpen = (socket: TLSSocket): Promise<boolean> =>
  new Promise((resolve) => {
    const finish = (isOpen: boolean): void => {
      clearTimeout(timer);
      resolve(isOpen);
      socket.destroy();
    };
    const timer = setTimeout(() => finish(true), VERDICT_WAIT_MS);
    socket.once('close', () => finish(false)).resume();
  });
