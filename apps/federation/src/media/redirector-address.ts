import { DomainError, formatTunnelAddress } from '@app/contracts';
import { DialError, parseHostPort } from '@app/tunnel-dialer';

const ANY_HOST = new Set(['', '0.0.0.0', '::']);

/** Behind a tunnel the redirector is a service beside the directory. */
export const tunnelledRedirector = (siteLabel: string, domain: string): string =>
  formatTunnelAddress({ service: 'redirector', site: siteLabel }, domain);

/**
 * Where the redirector of a directly reached site listens. What a site says must not send us elsewhere: the host is the
 * directory's own, only the port is the site's to choose. @throws DomainError `directory-refused`
 */
export const directRedirector = (directoryAddress: string, announced: string): string => {
  if (announced === '') throw refused('the site does not offer its redirector on the network');
  const directory = read(directoryAddress);
  const redirector = read(announced);
  if (!ANY_HOST.has(redirector.host) && redirector.host.toLowerCase() !== directory.host.toLowerCase()) {
    throw refused('the site names a redirector on another host');
  }
  return `${directory.host.includes(':') ? `[${directory.host}]` : directory.host}:${redirector.port}`;
};

const read = (address: string): { host: string; port: number } => {
  try {
    return parseHostPort(address);
  } catch (error) {
    if (error instanceof DialError) throw refused('the address of the redirector is not host:port');
    throw error;
  }
};

const refused = (detail: string): DomainError => new DomainError('directory-refused', detail);
