import ipaddr from 'ipaddr.js';

/** Bytes of a header, TLVs included. Senders keep it in one segment of 536 bytes (PROXY protocol, section 2). */
export const MAX_PROXY_HEADER_BYTES = 1_024;

export const PROXY_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
const VERSION = 2;
const COMMAND = { local: 0, proxy: 1 } as const;
/** Family and transport byte → bytes of one address; a block is two addresses and two ports. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0x11: 4, 0x21: 16 };

export interface ProxyHeader {
  /** What it takes of the stream. */
  bytes: number;
  /** Whom the balancer speaks for; not there when it speaks for itself (LOCAL), as in a health check. */
  client?: { address: string; port: number };
}

export type ProxyHeaderCode =
  | 'proxy-header-missing'
  | 'proxy-header-version'
  | 'proxy-header-command'
  | 'proxy-header-family'
  | 'proxy-header-length';

/** What a balancer sent is not a header of PROXY protocol v2 for TCP. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';

  constructor(readonly code: ProxyHeaderCode) {
    super(code);
  }
}

/**
 * The binary header at the start of a connection (PROXY protocol v2, section 2.2). Judges each byte as soon as it is
 * there, so that nothing is waited for that cannot become a header.
 * @returns undefined while more bytes are needed. @throws ProxyHeaderError
 */
export const readProxyHeader = (received: Buffer): ProxyHeader | undefined => {
  const seen = Math.min(received.length, PROXY_SIGNATURE.length);
  if (received.compare(PROXY_SIGNATURE, 0, seen, 0, seen) !== 0) throw new ProxyHeaderError('proxy-header-missing');
  const [versionAndCommand, family] = [received[12], received[13]];
  if (versionAndCommand === undefined) return undefined;
  if (versionAndCommand >> 4 !== VERSION) throw new ProxyHeaderError('proxy-header-version');
  const command = versionAndCommand & 0x0f;
  if (command !== COMMAND.local && command !== COMMAND.proxy) throw new ProxyHeaderError('proxy-header-command');
  if (family === undefined) return undefined;
  const addressBytes = command === COMMAND.local ? 0 : ADDRESS_BYTES[family];
  if (addressBytes === undefined) throw new ProxyHeaderError('proxy-header-family');
  if (received.length < FIXED_BYTES) return undefined;
  const bytes = FIXED_BYTES + received.readUInt16BE(14);
  const block = addressBytes === 0 ? 0 : 2 * addressBytes + 4;
  if (bytes > MAX_PROXY_HEADER_BYTES || bytes < FIXED_BYTES + block) throw new ProxyHeaderError('proxy-header-length');
  if (received.length < bytes) return undefined;
  return addressBytes === 0 ? { bytes } : { bytes, client: clientOf(received, addressBytes) };
};

const clientOf = (header: Buffer, addressBytes: number): { address: string; port: number } => {
  const source = [...header.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes)];
  const written = ipaddr.fromByteArray(source).toString();
  return { address: ipaddr.process(written).toString(), port: header.readUInt16BE(FIXED_BYTES + 2 * addressBytes) };
};
