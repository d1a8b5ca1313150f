import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { AgentError, errnoOf } from '../errors.js';
import { tlsFault } from '../network/connection.fault.js';
import { type Credentials, type Endpoint, type EndpointDialer, endpointName } from '../network/endpoint.dialer.js';
import { hopName } from '../network/proxy.settings.js';
import { failure, type Finding, ok } from './finding.js';
import { type Presented, probeIssuer } from './issuer.probe.js';

/** TLS 1.3 brokers judge our certificate after our handshake is done: their alert needs this long to come. */
const ALERT_WAIT_MS = 700;

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
  try {
    (await dialer.reach(endpoint, new AbortController().signal)).destroy();
    const hop = dialer.proxy.hopFor(endpoint.host, endpoint.port);
    findings.push(ok('tcp', target, 'tcp-ok', hop === undefined ? 'connected' : `connected through ${hopName(hop)}`));
  } catch (error) {
    return { findings: [...findings, failure('tcp', target, error)] };
  }
  const tls = await checkTls(dialer, endpoint, credentials);
  return { ...tls, findings: [...findings, ...tls.findings] };
};

const checkName = async (dialer: EndpointDialer, endpoint: Endpoint): Promise<Finding[]> => {
  const { host, port } = endpoint;
  if (isIP(host) !== 0) return [];
  if (dialer.proxy.hopFor(host, port) !== undefined) {
    return [ok('dns', host, 'dns-by-proxy', 'the proxy resolves the name')];
  }
  try {
    const addresses = await lookup(host, { all: true });
    return [ok('dns', host, 'dns-ok', addresses.map(({ address }) => address).join(', '))];
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
  try {
    const { socket, facts } = await dialer.secure(endpoint, credentials, signal, presentedBy);
    const alert = await alertOf(socket);
    const finding =
      alert === undefined
        ? ok('tls', target, 'tls-ok', `our issuer, TLS 1.3, ${endpoint.serverName}`)
        : failure('tls', target, tlsFault(target, alert));
    return { findings: [finding], ...(facts === undefined ? {} : { presented: facts }) };
  } catch (error) {
    const presented = await presentedAt(dialer, endpoint);
    const finding = inspected(target, error, presented) ?? failure('tls', target, error);
    return { findings: [finding], ...(presented === undefined ? {} : { presented }) };
  }
};

const presentedBy = (socket: TLSSocket): Presented | undefined => {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { issuer, validFrom, validTo } = certificate;
  return { issuer, validFrom: new Date(validFrom), validTo: new Date(validTo) };
};

const presentedAt = async (dialer: EndpointDialer, endpoint: Endpoint): Promise<Presented | undefined> => {
  try {
    const transport = await dialer.reach(endpoint, new AbortController().signal);
    return await probeIssuer(transport, isIP(endpoint.serverName) === 0 ? endpoint.serverName : '');
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

/** What the peer says about our certificate, if anything, shortly after the handshake. */
const alertOf = (socket: TLSSocket): Promise<unknown> =>
  new Promise((resolve) => {
    const finish = (alert?: unknown): void => {
      clearTimeout(timer);
      resolve(alert);
      socket.destroy();
    };
    const timer = setTimeout(finish, ALERT_WAIT_MS);
    socket
      .once('error', finish)
      .once('close', () => finish())
      .resume();
  });
