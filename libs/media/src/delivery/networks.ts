import { BlockList, isIPv6 } from 'node:net';
import { transports, type Transport } from '../rtsp/transport.js';

/** A network and the most it carries. */
export interface NetworkRule {
  name: string;
  /** Address and prefix length, for example `10.4.0.0/16`. */
  cidr: string;
  transport: Transport;
}

/** A way between two networks, by name and in both directions, that carries less than its ends. */
export interface RouteRule {
  between: readonly [string, string];
  transport: Transport;
}

export interface NetworkRules {
  networks: readonly NetworkRule[];
  routes: readonly RouteRule[];
}

interface Known {
  name: string;
  transport: Transport;
  prefix: number;
  addresses: BlockList;
}

/** An address outside of every known network gets TCP: a wrongly accepted UDP costs a client seconds of black picture. */
const unknown = { name: '', transport: 'tcp' as Transport };

/** What the way between two addresses carries. */
export class Networks {
  readonly #networks: Known[];
  readonly #routes: readonly RouteRule[];

  /** @throws RangeError for a range that is none, a name that is used twice, a route of an unknown network */
  constructor({ networks, routes }: NetworkRules = { networks: [], routes: [] }) {
    this.#networks = networks.map(readRule).sort((a, b) => b.prefix - a.prefix);
    const names = new Set(networks.map(({ name }) => name));
    if (names.size !== networks.length) throw new RangeError('two networks have the same name');
    for (const { between } of routes) {
      const missing = between.find((name) => !names.has(name));
      if (missing !== undefined) throw new RangeError(`a route names the network ${missing}, which is not listed`);
    }
    this.#routes = routes;
  }

  /** The smallest of what both ends and the route between them carry; the narrowest range that holds an address is its network. */
  carries(local: string, remote: string): Transport {
    const ends = [this.#networkOf(local), this.#networkOf(remote)] as const;
    const limits = this.#routes
      .filter(
        ({ between: [a, b] }) =>
          (a === ends[0].name && b === ends[1].name) || (b === ends[0].name && a === ends[1].name),
      )
      .map(({ transport }) => transport);
    return smallest([ends[0].transport, ends[1].transport, ...limits]);
  }

  #networkOf(address: string): { name: string; transport: Transport } {
    const plain = address.replace(/%.*$/, '');
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
    return this.#networks.find(({ addresses }) => addresses.check(plain, family)) ?? unknown;
  }
}

function readRule({ name, cidr, transport }: NetworkRule): Known {
  const [, address = '', length = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  const addresses = new BlockList();
  const prefix = Number(length);
  try {
    addresses.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
  } catch {
    throw new RangeError(`${cidr} is no range of addresses`);
  }
  return { name, transport, prefix, addresses };
}

const smallest = (of: readonly Transport[]): Transport =>
  transports[Math.min(...of.map((one) => transports.indexOf(one)))];

/** Whether a way that carries `most` carries this as well. */
export const isWithin = (transport: Transport, most: Transport): boolean =>
  transports.indexOf(transport) <= transports.indexOf(most);
