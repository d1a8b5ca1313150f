import { AgentError, type AgentErrorCode, errnoOf } from '../errors.js';

const SOCKET_FAULTS: Readonly<Record<string, [AgentErrorCode, string]>> = {
  ENOTFOUND: ['name-unknown', 'the name is unknown to DNS'],
  EAI_AGAIN: ['name-unknown', 'DNS does not answer'],
  ECONNREFUSED: ['connection-refused', 'nothing listens there, or a firewall rejects the connection'],
  ETIMEDOUT: ['connection-timeout', 'no answer, as when a firewall drops the connection'],
  EHOSTUNREACH: ['network-unreachable', 'no route leads there'],
  ENETUNREACH: ['network-unreachable', 'no route leads there'],
  ECONNRESET: ['connection-failed', 'the connection was reset'],
};

/** OpenSSL's verification results, as Node names them. */
const TLS_FAULTS: Readonly<Record<string, [AgentErrorCode, string]>> = {
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls-untrusted', 'its certificate is not from our issuer'],
  UNABLE_TO_GET_ISSUER_CERT: ['tls-untrusted', 'its certificate is not from our issuer'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls-untrusted', 'its certificate is not from our issuer'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls-untrusted', 'its certificate is not from our issuer'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls-untrusted', 'its certificate is not from our issuer'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['tls-wrong-name', 'its certificate is for another name'],
  CERT_NOT_YET_VALID: ['tls-not-yet-valid', "its certificate is not valid yet by this machine's clock"],
  CERT_HAS_EXPIRED: ['tls-expired', "its certificate is no longer valid by this machine's clock"],
};

const ADVICE: Partial<Record<AgentErrorCode, string>> = {
  'name-unknown': "Check the machine's DNS, or name a proxy with HTTPS_PROXY",
  'connection-refused': 'Ask the firewall team for this one outbound TCP connection (docs/site-firewall.md)',
  'connection-timeout': 'Ask the firewall team for this one outbound TCP connection (docs/site-firewall.md)',
  'tls-untrusted': 'Something opens TLS on the way: exempt this host from TLS inspection; `adit-agent check` names it',
  'tls-failed': 'Something may open TLS on the way; `adit-agent check` names it',
  'tls-not-yet-valid': "Set this machine's clock right; nothing was changed",
  'tls-expired': "Set this machine's clock right; if it is, tell the operator of the cloud",
};

const of = (code: AgentErrorCode, target: string, reason: string, cause: unknown): AgentError =>
  new AgentError(code, `${target}: ${reason}`, ADVICE[code], { cause });

/** A failed TCP connection to `target` (`host:port`). */
export const connectionFault = (target: string, cause: unknown): AgentError => {
  if (cause instanceof AgentError) return cause;
  const code = errnoOf(cause) ?? '';
  const [fault, reason] = SOCKET_FAULTS[code] ?? ['connection-failed', code === '' ? String(cause) : code];
  return of(fault, target, reason, cause);
};

/** A TLS handshake with `target` that failed, or a session that the peer ended by an alert. */
export const tlsFault = (target: string, cause: unknown): AgentError => {
  if (cause instanceof AgentError) return cause;
  const code = errnoOf(cause) ?? '';
  const known = TLS_FAULTS[code];
  if (known !== undefined) {
    const clock = known[0] === 'tls-not-yet-valid' || known[0] === 'tls-expired';
    return of(known[0], target, clock ? `${known[1]}, ${new Date().toISOString()}` : known[1], cause);
  }
  // An alert about certificates is the peer's judgement of ours (RFC 8446, 6.2): 42 to 48 and 116.
  if (/_ALERT_(?:[A-Z]+_)?(?:CERTIFICATE|UNKNOWN_CA)|CERTIFICATE_(?:UNKNOWN|REVOKED|EXPIRED|REQUIRED)/.test(code)) {
    return of('certificate-refused', target, 'it does not accept the certificate of this site', cause);
  }
  if (code in SOCKET_FAULTS) return of('tls-failed', target, 'the connection broke off during TLS', cause);
  return of('tls-failed', target, `TLS failed (${code === '' ? String(cause) : code})`, cause);
};
