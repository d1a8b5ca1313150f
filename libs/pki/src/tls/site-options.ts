import type { TlsOptions } from 'node:tls';
import { HANDSHAKE_TIMEOUT_MS, NO_TICKETS, TLS_PARAMETERS } from './parameters.js';
import type { SiteCertificate } from './site-certificate.js';

/** Options of a site's own servers (directory, redirector): whoever dials them pins the key, and proves itself above TLS. */
export const siteTlsOptions = ({ key, certificate }: Pick<SiteCertificate, 'key' | 'certificate'>): TlsOptions => ({
  ...TLS_PARAMETERS,
  secureOptions: NO_TICKETS,
  key,
  cert: certificate,
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  noDelay: true,
  // A host that vanished without a word must not hold its place for ever.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
});
