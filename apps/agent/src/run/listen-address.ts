import { errnoOf } from '../errors.js';
import { ConfigurationError, PortInUseError } from '@app/runtime';

export interface ListenAddress {
  host: string;
  port: number;
}

/** `host:port` with IPv6 in brackets, already known to be well formed. */
export const parseAddress = (text: string): ListenAddress => {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
};

/** Names the setting that is to blame for a listener that did not come up. */
export const listeningFault = (error: unknown, { host, port }: ListenAddress, setting: string): unknown => {
  const code = errnoOf(error);
  if (code === 'EADDRINUSE') return new PortInUseError(host, port, setting);
  if (code === undefined || !['EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'].includes(code)) return error;
  return new ConfigurationError(`${setting}: cannot listen on ${host}:${port} (${code})`);
};
