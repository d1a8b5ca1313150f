import ipaddr from 'ipaddr.js';
import { PROXY_SIGNATURE } from './proxy-header.js';

export interface ProxyHeaderFields {
  /** Client's and balancer's address, of one family. */
  addresses?: [source: string, destination: string];
  ports?: [source: number, destination: number];
  command?: number;
  version?: number;
  /** Family and transport; else that of the addresses. */
  family?: number;
  tlvs?: Buffer;
  /** What the length field says; else the truth. */
  length?: number;
}

/** A header as a balancer writes it; every field can be made wrong. */
export const proxyHeader = ({
  addresses = ['192.0.2.1', '198.51.100.1'],
  ports = [40_000, 5_500],
  command = 1,
  version = 2,
  family,
  tlvs = Buffer.alloc(0),
  length,
}: ProxyHeaderFields = {}): Buffer => {
  const [source, destination] = addresses.map((address) => Buffer.from(ipaddr.parse(address).toByteArray()));
  const portBytes = Buffer.alloc(4);
  ports.forEach((port, index) => portBytes.writeUInt16BE(port, 2 * index));
  const block = Buffer.concat([source ?? Buffer.alloc(0), destination ?? Buffer.alloc(0), portBytes, tlvs]);
  const fixed = Buffer.from([(version << 4) | command, family ?? (source?.length === 4 ? 0x11 : 0x21), 0, 0]);
  fixed.writeUInt16BE(length ?? block.length, 2);
  return Buffer.concat([PROXY_SIGNATURE, fixed, block]);
};

/** What a balancer says for itself. */
export const localHeader = (): Buffer => Buffer.concat([PROXY_SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
