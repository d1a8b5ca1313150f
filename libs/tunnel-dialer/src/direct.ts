import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { type Cidr, isAllowedAddress } from './address-rule.js';
import { DialError } from './errors.js';
import { parseHostPort } from './host-port.js';

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/** Connects without a tunnel. The name is resolved once: a second answer could be another than the one that was judged. */
export const dialDirect = async (
  address: string,
  allowed: readonly Cidr[],
  resolve: Resolve,
  signal: AbortSignal,
): Promise<Socket> => {
  const { host, port } = parseHostPort(address);
  const addresses = isIP(host) === 0 ? await resolveName(host, resolve) : [host];
  const target = addresses.find((candidate) => isAllowedAddress(candidate, allowed));
  if (target === undefined) {
    throw new DialError('address-not-allowed', `${host} leads into a range that direct dials may not reach`);
  }
  return connectTo(target, port, signal);
};

const resolveName = async (host: string, resolve: Resolve): Promise<string[]> => {
  try {
    return await resolve(host);
  } catch (cause) {
    throw new DialError('address-unreachable', `${host} has no address`, { cause });
  }
};

/** The signal ends the dialling alone: given to `connect`, it would end the socket in use when the time for dialling is over. */
const connectTo = (host: string, port: number, signal: AbortSignal): Promise<Socket> =>
  new Promise((settle, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (cause: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(new DialError('address-unreachable', `port ${port} does not answer`, { cause }));
    };
    const abort = (): void => void socket.destroy(new Error('the dial was called off'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      settle(socket);
    });
  });
