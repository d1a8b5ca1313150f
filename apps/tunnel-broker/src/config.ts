import { commonEnvironment, ConfigurationError, parseEnvironment } from '@app/runtime';
import { hostPort } from '@app/contracts';
import { cidrList } from '@app/tunnel-dialer';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

/** Of an IPv6 address, what comes before the IPv4 address in it. */
const MAPPED_BITS = 96;

/** Comma-separated addresses and ranges, each as a range. */
const asRanges = (list: string): string =>
  list
    .split(',')
    .map((text) => text.trim())
    .map((range) => (ipaddr.isValid(range) ? `${range}/${ipaddr.parse(range).kind() === 'ipv4' ? 32 : 128}` : range))
    .map(plainRange)
    .join(',');

const isMapped = (network: ipaddr.IPv4 | ipaddr.IPv6): network is ipaddr.IPv6 =>
  network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress();

/** IPv4 without its IPv6 clothing, as the addresses of connections are compared. */
const plainRange = (range: string): string => {
  if (!ipaddr.isValidCIDR(range)) return range;
  const [network, bits] = ipaddr.parseCIDR(range);
  if (!isMapped(network) || bits < MAPPED_BITS) return range;
  return `${network.toIPv4Address().toString()}/${bits - MAPPED_BITS}`;
};

export const environment = commonEnvironment.extend({
  ADIT_TUNNEL_HOST: z.string().default('127.0.0.1'),
  ADIT_TUNNEL_PORT: port.default(5_500),
  /**
   * Balancers before the tunnel port, as addresses or ranges. From them a header of PROXY protocol v2 is required, and
   * believed; from everybody else there is none.
   */
  ADIT_TUNNEL_PROXY_PROTOCOL_FROM: z
    .preprocess((list) => (typeof list === 'string' ? asRanges(list) : list), cidrList)
    .refine((ranges) => ranges.every((range) => !range.endsWith('/0')), 'everybody is no balancer')
    .refine(
      (ranges) => ranges.every((range) => !ipaddr.isValidCIDR(range) || !isMapped(ipaddr.parseCIDR(range)[0])),
      `a range of ::ffff: addresses has at least ${MAPPED_BITS} bits`,
    ),
  ADIT_INGRESS_HOST: z.string().default('127.0.0.1'),
  ADIT_INGRESS_PORT: port.default(5_580),
  /** Where dialers reach the ingress; else its listening address. */
  ADIT_INGRESS_PUBLIC: hostPort.optional(),
  ADIT_INGRESS_TLS: flag,
  /** Declares that the network of a plain ingress beyond loopback is the deployment's own. */
  ADIT_INGRESS_PLAIN_NETWORK: flag,
  /** Names and addresses by which agents (and TLS dialers) reach this broker: they go into its certificate. */
  ADIT_SERVER_NAMES: z
    .string()
    .default('localhost,127.0.0.1,::1')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(
      z
        .array(z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'names and addresses, separated by commas'))
        .min(1)
        .max(16),
    ),
  ADIT_DATA_DIR: z.string().min(1),
  /** How long the sessions of sites are remembered. */
  ADIT_HISTORY_DAYS: z.coerce.number().int().min(1).max(3_650).default(400),
  /** What open channels get to finish when the broker is stopped. */
  ADIT_DRAIN_DEADLINE_MS: z.coerce.number().int().min(0).max(600_000).default(800),
});
export type BrokerConfig = z.infer<typeof environment>;

/** @throws ConfigurationError */
export const readConfig = (): BrokerConfig => checkConfig(parseEnvironment(environment, process.env));

/** Tickets are worth a connection: they do not cross a network in the clear unless somebody says that it is theirs. */
export const checkConfig = (config: BrokerConfig): BrokerConfig => {
  const open = !config.ADIT_INGRESS_TLS && !config.ADIT_INGRESS_PLAIN_NETWORK && !isLoopback(config.ADIT_INGRESS_HOST);
  if (open) {
    throw new ConfigurationError(
      'configuration: ADIT_INGRESS_HOST: beyond loopback the ingress needs ADIT_INGRESS_TLS=true, or ADIT_INGRESS_PLAIN_NETWORK=true where the network is private',
    );
  }
  return config;
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
