import { ConfigurationError } from '@app/runtime';
import { BlockList, isIP } from 'node:net';

/** An HTTP proxy that is asked for CONNECT. */
export interface ProxyHop {
  host: string;
  port: number;
  /** TLS to the proxy itself. */
  tls: boolean;
  /** Value of Proxy-Authorization. */
  authorization?: string;
}

export interface ProxySources {
  /** `--proxy` or ADIT_PROXY: a URL, or `none`. */
  explicit?: string | undefined;
  httpsProxy?: string | undefined;
  noProxy?: string | undefined;
}

export const hopName = (hop: ProxyHop): string => `${hop.host}:${hop.port}`;

/** Which way leads to a host: straight, or through the proxy that the site prescribes. */
export class ProxySettings {
  readonly hop: ProxyHop | undefined;
  private readonly exceptions: Exception[];

  /** @throws ConfigurationError for a proxy that cannot be used */
  constructor(sources: ProxySources) {
    const url = sources.explicit ?? sources.httpsProxy ?? '';
    this.hop = url === '' || url === 'none' ? undefined : parseProxy(url);
    // A proxy that was named to this program alone is meant, whatever the environment exempts.
    const exempt = sources.explicit === undefined ? (sources.noProxy ?? '') : '';
    this.exceptions = exempt
      .split(/[\s,]+/)
      .filter((entry) => entry !== '')
      .map(parseException);
  }

  hopFor(host: string, port: number): ProxyHop | undefined {
    return this.exceptions.some((matches) => matches(host.toLowerCase(), port)) ? undefined : this.hop;
  }
}

const parseProxy = (text: string): ProxyHop => {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    // The text may hold a password: it is not repeated.
    throw new ConfigurationError('HTTPS_PROXY: expected http://[user:password@]host:port (also https://)');
  }
  const tls = url.protocol === 'https:';
  const hop = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    tls,
  };
  if (url.username === '') return hop;
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { ...hop, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
};

type Exception = (host: string, port: number) => boolean;

/** One entry of NO_PROXY: `*`, a domain with everything below it, an address, a CIDR range; each may name a port. */
const parseException = (entry: string): Exception => {
  if (entry === '*') return () => true;
  const range = parseRange(entry);
  if (range !== undefined) return (host) => isIP(host) !== 0 && range.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  const [, name = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const domain = name.toLowerCase().replace(/^\*?\./, '');
  return (host, asked) =>
    (port === undefined || Number(port) === asked) && (host === domain || host.endsWith(`.${domain}`));
};

const parseRange = (entry: string): BlockList | undefined => {
  const [address = '', prefix] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return undefined;
  const list = new BlockList();
  if (prefix === undefined) list.addAddress(address, family);
  else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 'ipv6' ? 128 : 32)) {
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
};
