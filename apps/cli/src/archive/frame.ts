/** Of one frame; rows are cut to it. */
export const FRAME_MAX_BYTES = 256 * 1024;
const HEAD_BYTES = 5;

/** What a frame is, by its first byte. */
export const FRAME_KINDS = ['header', 'file', 'table', 'data', 'end', 'sequences', 'finish'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface Frame {
  kind: FrameKind;
  body: Buffer;
}

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** u8 kind, u32 length (big-endian), body. */
export function encodeFrame({ kind, body }: Frame): Buffer {
  if (body.length > FRAME_MAX_BYTES) throw new FrameError(`a frame of ${body.length} bytes`);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FRAME_KINDS.indexOf(kind), 0);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** Whole frames of any chunking. @throws FrameError for anything else, and for an end within a frame */
export async function* decodeFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let length = frameLength(rest); length !== undefined && length <= rest.length; length = frameLength(rest)) {
      const kind = FRAME_KINDS[rest.readUInt8(0)];
      if (kind === undefined) throw new FrameError('an unknown kind of frame');
      yield { kind, body: rest.subarray(HEAD_BYTES, length) };
      rest = rest.subarray(length);
    }
  }
  if (rest.length > 0) throw new FrameError('the end is missing');
}

function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const length = bytes.readUInt32BE(1);
  if (length > FRAME_MAX_BYTES) throw new FrameError(`a frame of ${length} bytes`);
  return HEAD_BYTES + length;
}
