import { connectionFault, tlsFault } from './connection.fault.js';

const failed = (code: string): Error => Object.assign(new Error(code), { code });

it.each([
  ['ENOTFOUND', 'name-unknown'],
  ['EAI_AGAIN', 'name-unknown'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ETIMEDOUT', 'connection-timeout'],
  ['EHOSTUNREACH', 'network-unreachable'],
  ['ECONNRESET', 'connection-failed'],
  ['EWHATEVER', 'connection-failed'],
])('a connection that fails with %s is %s and names its target', (code, expected) => {
  const fault = connectionFault('broker:5500', failed(code));
  expect(fault.code).toBe(expected);
  expect(fault.message).toContain('broker:5500');
});

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls-untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-wrong-name'],
  ['CERT_NOT_YET_VALID', 'tls-not-yet-valid'],
  ['CERT_HAS_EXPIRED', 'tls-expired'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'certificate-refused'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'certificate-refused'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'certificate-refused'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate-refused'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls-failed'],
  ['ECONNRESET', 'tls-failed'],
])('TLS that fails with %s is %s', (code, expected) => {
  expect(tlsFault('broker:5500', failed(code)).code).toBe(expected);
});
