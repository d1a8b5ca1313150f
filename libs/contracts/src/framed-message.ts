import type { Duplex } from 'node:stream';

/** Largest message of enrolment and control, in bytes of JSON. */
export const MAX_MESSAGE_BYTES = 16 * 1_024;
const LENGTH_BYTES = 4;

/**
 * The one message of a stream: u32 length (big-endian), then that many bytes of UTF-8 JSON. A length beyond the cap
 * is refused before anything is kept.
 * @throws MessageError
 */
export const readMessage = (stream: Duplex, timeoutMs: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('close', onEnd);
      stream.pause();
      outcome();
    };
    const fail = (code: MessageError['code']): void => settle(() => reject(new MessageError(code)));
    const onEnd = (): void => fail('message-truncated');
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.length < LENGTH_BYTES) return;
      const bytes = received.readUInt32BE();
      if (bytes > MAX_MESSAGE_BYTES) fail('message-too-large');
      else if (received.length > LENGTH_BYTES + bytes) fail('message-overlong');
      else if (received.length === LENGTH_BYTES + bytes)
        settle(() => parse(received.subarray(LENGTH_BYTES), resolve, reject));
    };
    const timer = setTimeout(() => fail('message-late'), timeoutMs);
    stream.on('data', onData).on('end', onEnd).on('close', onEnd);
  });

const parse = (body: Buffer, resolve: (value: unknown) => void, reject: (error: MessageError) => void): void => {
  try {
    resolve(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    reject(new MessageError('message-not-json'));
  }
};

export const encodeMessage = (message: unknown): Buffer => {
  const body = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

/** What arrived is not one message. */
export class MessageError extends Error {
  override readonly name = 'MessageError';

  constructor(
    readonly code: 'message-too-large' | 'message-overlong' | 'message-truncated' | 'message-late' | 'message-not-json',
  ) {
    super(code);
  }
}
