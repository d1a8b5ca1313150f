import { ENROL_ALPN, notAfterOf, notBeforeOf, privateKeyPem, readCertificates, TUNNEL_ALPN } from '@app/pki';
import type { Identity } from '../identity/identity.js';
import type { OpenedKeyfile } from '../keyfile/keyfile.service.js';
import { byPriority, type Credentials, type Endpoint, type EndpointDialer } from '../network/endpoint.dialer.js';
import { hopName } from '../network/proxy.settings.js';
import { checkClock } from './clock.check.js';
import { checkEndpoint, type EndpointReport } from './endpoint.check.js';
import { failure, type Finding, ok } from './finding.js';

/** What the check knows of the site: an identity, or the keyfile that will make one, or why there is neither. */
export interface Subject {
  endpoints: readonly Endpoint[];
  credentials: Credentials;
  /** Instants that a right clock has passed. */
  past: Date[];
  finding: Finding;
}

export const identitySubject = (identity: Identity, nowMs: number): Subject => {
  const [leaf] = readCertificates(identity.certificateChain);
  const { privateKey: key, certificateChain: chain, trust } = identity;
  const credentials: Credentials = { key, chain, roots: trust.roots, alpn: TUNNEL_ALPN };
  const endsAt = leaf === undefined ? new Date(0) : notAfterOf(leaf);
  const detail = `certificate valid until ${endsAt.toISOString()}`;
  const advice = 'Ask the operator of the cloud for a replacement keyfile';
  const expired = { subject: 'identity', target: identity.siteName, code: 'identity-expired', detail, advice };
  const finding: Finding =
    endsAt.getTime() > nowMs
      ? ok('identity', identity.siteName, 'identity-ok', detail)
      : { ...expired, level: 'failure' };
  const past = leaf === undefined ? [] : [notBeforeOf(leaf)];
  return { endpoints: identity.endpoints, credentials, past, finding };
};

export const keyfileSubject = ({ keyfile, fingerprint }: OpenedKeyfile): Subject => {
  const { document } = keyfile;
  const { roots } = document.trust;
  const key = privateKeyPem(keyfile.claim.key);
  return {
    endpoints: document.endpoints,
    credentials: { key, chain: document.claim.certificate, roots, alpn: ENROL_ALPN },
    past: [new Date(document.issuedAt)],
    finding: ok(
      'keyfile',
      document.siteName,
      'keyfile-ok',
      `expires ${document.expiresAt}, fingerprint ${fingerprint}`,
    ),
  };
};

/** Everything between this machine and the cloud, in the order in which it is needed. */
export const checkNetwork = async (
  dialer: EndpointDialer,
  subject: Subject,
  skewMs: number | undefined,
): Promise<Finding[]> => {
  const reports: EndpointReport[] = [];
  for (const endpoint of byPriority(subject.endpoints)) {
    reports.push(await checkEndpoint(dialer, endpoint, subject.credentials));
  }
  const presented = reports.flatMap((report) => report.presented ?? []);
  const clock = checkClock({
    nowMs: Date.now(),
    past: [...subject.past, ...presented.map(({ validFrom }) => validFrom)],
    future: presented.map(({ validTo }) => validTo),
    skewMs,
  });
  return [...proxyFinding(dialer), ...weighed(reports), clock];
};

const proxyFinding = (dialer: EndpointDialer): Finding[] => {
  const { hop } = dialer.proxy;
  if (hop === undefined) return [ok('proxy', '-', 'proxy-none', 'connects directly')];
  const detail = hop.authorization === undefined ? 'without credentials' : 'with credentials';
  return [ok('proxy', hopName(hop), 'proxy-set', detail)];
};

/** One endpoint that works is enough: then what is wrong with the others is a warning. */
const weighed = (reports: readonly EndpointReport[]): Finding[] => {
  const works = ({ findings }: EndpointReport): boolean => findings.every(({ level }) => level === 'ok');
  const enough = reports.some(works);
  return reports.flatMap(({ findings }) =>
    findings.map((finding) =>
      enough && finding.level === 'failure' ? { ...finding, level: 'warning' as const } : finding,
    ),
  );
};

export const missingSubject = (error: unknown): Finding[] => [failure('keyfile', '-', error)];
