/** Bytes of a ClientHello with its record headers; that of an agent has about 300, one with post-quantum shares 1,800. */
export const MAX_CLIENT_HELLO_BYTES = 8 * 1_024;

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
const MAJOR_VERSION = 3;
const CLIENT_HELLO = 1;

/** The first bytes are not those of a TLS client. */
export class ClientHelloError extends Error {
  override readonly name = 'ClientHelloError';

  constructor(readonly code: 'not-tls' | 'hello-too-large') {
    super(code);
  }
}

/**
 * Whether a whole ClientHello is there (RFC 8446, 4.1.2 and 5.1). Looks at lengths and types alone: what is in it is
 * for TLS to judge. A connection that never gets that far costs no handshake.
 * @throws ClientHelloError as soon as it cannot become one
 */
export const hasClientHello = (received: Buffer): boolean => {
  let [at, held, wanted] = [0, 0, HANDSHAKE_HEADER_BYTES];
  while (held < wanted) {
    const payload = recordPayload(received, at);
    if (payload === undefined) return false;
    if (held === 0) {
      const header = received.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + HANDSHAKE_HEADER_BYTES);
      if ((header[0] ?? CLIENT_HELLO) !== CLIENT_HELLO || payload < HANDSHAKE_HEADER_BYTES)
        throw new ClientHelloError('not-tls');
      if (header.length < HANDSHAKE_HEADER_BYTES) return false;
      wanted += header.readUIntBE(1, 3);
    }
    held += payload;
    at += RECORD_HEADER_BYTES + payload;
    if (at > MAX_CLIENT_HELLO_BYTES || wanted > MAX_CLIENT_HELLO_BYTES) throw new ClientHelloError('hello-too-large');
  }
  return received.length >= at;
};

/** Length of the record that begins there; undefined while its header is not whole. */
const recordPayload = (received: Buffer, at: number): number | undefined => {
  const [type, major] = [received[at], received[at + 1]];
  if ((type ?? HANDSHAKE_RECORD) !== HANDSHAKE_RECORD || (major ?? MAJOR_VERSION) !== MAJOR_VERSION)
    throw new ClientHelloError('not-tls');
  if (received.length < at + RECORD_HEADER_BYTES) return undefined;
  const payload = received.readUInt16BE(at + 3);
  if (payload === 0) throw new ClientHelloError('not-tls');
  return payload;
};
