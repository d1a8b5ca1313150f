import { DialError } from './errors.js';

export interface HostPort {
  /** Without brackets. */
  host: string;
  port: number;
}

const FORM = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/i;

/** `host:port`, an IPv6 address in brackets. @throws DialError `address-invalid` */
export const parseHostPort = (address: string): HostPort => {
  const match = FORM.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new DialError('address-invalid', 'expected host:port');
  }
  return { host, port };
};
