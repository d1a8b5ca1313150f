import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkInterfaces } from 'node:os';
import { isContainer } from '../state/container.guard.js';
import { type Finding, ok } from './finding.js';

/** Of the kernel, IFF_UP and IFF_MULTICAST (linux/if.h). */
const UP_AND_MULTICAST = 0x1001;
const INTERFACES = '/sys/class/net';
const ADVICE =
  'List the devices by address: `adit-agent onvif add ADDRESS`; or give the container the network of the machine (--network host)';

export interface DiscoveryPlace {
  isContainer: boolean;
  /** Addresses of interfaces that can send a multicast. */
  interfaces: string[];
  /** Every interface is one end of a pair whose other end is outside: a bridge network, not the network of the machine. */
  isBehindBridge: boolean;
}

/** What the machine's interfaces are like. @param declared whether this is a container; the usual marks decide without it */
export const discoveryPlace = (declared: boolean | undefined, root = INTERFACES): DiscoveryPlace => {
  const number = (name: string, file: string): number => {
    try {
      return Number(readFileSync(join(root, name, file), 'utf8'));
    } catch {
      return 0;
    }
  };
  const own = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
    (all ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ name, address })),
  );
  const able = own.filter(({ name }) => (number(name, 'flags') & UP_AND_MULTICAST) === UP_AND_MULTICAST);
  const physical = namesIn(root).filter((name) => name !== 'lo' && number(name, 'iflink') === number(name, 'ifindex'));
  return {
    isContainer: isContainer(declared),
    interfaces: able.map(({ address }) => address),
    isBehindBridge: physical.length === 0,
  };
};

const namesIn = (root: string): string[] => {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
};

/** Whether WS-Discovery can reach the cameras' network from here. */
export const checkDiscovery = ({ isContainer: isInside, interfaces, isBehindBridge }: DiscoveryPlace): Finding => {
  const about = { subject: 'discovery', target: '-', level: 'warning', advice: ADVICE } as const;
  if (interfaces.length === 0) {
    return { ...about, code: 'discovery-no-multicast', detail: 'no interface here can send a multicast' };
  }
  if (isInside && isBehindBridge) {
    return {
      ...about,
      code: 'discovery-not-host-network',
      detail: 'multicasts do not leave the network of this container',
    };
  }
  return ok('discovery', '-', 'discovery-ok', `asks on ${interfaces.join(', ')}`);
};
