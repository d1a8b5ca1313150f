/** `<service>.<site>.tunnel.<domain>[:port]`, case-insensitive. The tenant is never in the name. */
export interface TunnelAddress {
  service: string;
  site: string;
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Null when the host is not under `.tunnel.<domain>`: then it is an ordinary host. Throws a RangeError for a malformed name under it. */
export const parseTunnelAddress = (address: string, domain: string): TunnelAddress | null => {
  const host = address.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  const suffix = `.tunnel.${domain.toLowerCase()}`;
  if (!host.endsWith(suffix)) return null;
  const labels = host.slice(0, -suffix.length).split('.');
  const [service, site] = labels;
  if (labels.length !== 2 || !service || !site || !LABEL.test(service) || !LABEL.test(site)) {
    throw new RangeError(`expected <service>.<site>${suffix}`);
  }
  return { service, site };
};

export const formatTunnelAddress = ({ service, site }: TunnelAddress, domain: string): string =>
  `${service}.${site}.tunnel.${domain}`;
