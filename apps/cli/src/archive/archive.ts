import { createHash } from 'node:crypto';
import { z } from 'zod';
import { decodeFrames, encodeFrame, FRAME_MAX_BYTES, type Frame, FrameError, type FrameKind } from './frame.js';

const digest = z.object({ bytes: z.int(), sha256: z.string() });
const fileHead = z.object({ folder: z.string(), path: z.string() });
const tableHead = z.object({ name: z.string(), columns: z.array(z.string()) });
const sequences = z.array(z.object({ name: z.string(), last: z.string(), called: z.boolean() }));
const finish = z.object({ files: z.int(), tables: z.int() });

export type FileHead = z.infer<typeof fileHead>;
export type TableHead = z.infer<typeof tableHead>;
export type Sequences = z.infer<typeof sequences>;

/** One after the other; `content` has to be read to its end before the next one comes. */
export type ArchiveItem =
  | { kind: 'header'; text: string }
  | { kind: 'file'; head: FileHead; content: AsyncIterable<Buffer> }
  | { kind: 'table'; head: TableHead; content: AsyncIterable<Buffer> }
  | { kind: 'sequences'; sequences: Sequences };

/** The bytes of an archive: a header, files, tables, sequences, and the finish that says how much there was. */
export async function* writeArchive(items: AsyncIterable<ArchiveItem>): AsyncGenerator<Buffer> {
  const count = { files: 0, tables: 0 };
  for await (const item of items) {
    if (item.kind === 'header') yield encodeFrame({ kind: 'header', body: Buffer.from(item.text) });
    else if (item.kind === 'sequences') yield json('sequences', item.sequences);
    else {
      count[item.kind === 'file' ? 'files' : 'tables'] += 1;
      yield json(item.kind, item.head);
      yield* writeContent(item.content);
    }
  }
  yield json('finish', count);
}

async function* writeContent(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    bytes += chunk.length;
    for (let at = 0; at < chunk.length; at += FRAME_MAX_BYTES) {
      yield encodeFrame({ kind: 'data', body: chunk.subarray(at, at + FRAME_MAX_BYTES) });
    }
  }
  yield json('end', { bytes, sha256: hash.digest('hex') });
}

const json = (kind: FrameKind, value: unknown): Buffer =>
  encodeFrame({ kind, body: Buffer.from(JSON.stringify(value)) });

/** @throws FrameError for whatever `writeArchive` has not written, an early end included */
export async function* readArchive(source: AsyncIterable<Buffer>): AsyncGenerator<ArchiveItem> {
  const frames = decodeFrames(source)[Symbol.asyncIterator]();
  const count = { files: 0, tables: 0 };
  for (;;) {
    const frame = await next(frames);
    switch (frame.kind) {
      case 'header':
        yield { kind: 'header', text: frame.body.toString() };
        break;
      case 'file':
        count.files += 1;
        yield { kind: 'file', head: parse(fileHead, frame), content: readContent(frames) };
        break;
      case 'table':
        count.tables += 1;
        yield { kind: 'table', head: parse(tableHead, frame), content: readContent(frames) };
        break;
      case 'sequences':
        yield { kind: 'sequences', sequences: parse(sequences, frame) };
        break;
      case 'finish':
        await requireFinish(parse(finish, frame), count, frames);
        return;
      case 'data':
      case 'end':
        throw new FrameError('content that belongs to nothing');
    }
  }
}

async function requireFinish(
  said: z.infer<typeof finish>,
  count: z.infer<typeof finish>,
  frames: AsyncIterator<Frame>,
): Promise<void> {
  if (said.files !== count.files || said.tables !== count.tables) throw new FrameError('parts are missing');
  if ((await frames.next()).done !== true) throw new FrameError('something follows the end');
}

async function* readContent(frames: AsyncIterator<Frame>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (;;) {
    const frame = await next(frames);
    if (frame.kind === 'end') {
      const said = parse(digest, frame);
      if (said.bytes !== bytes || said.sha256 !== hash.digest('hex')) throw new FrameError('content was changed');
      return;
    }
    if (frame.kind !== 'data') throw new FrameError('content without its end');
    hash.update(frame.body);
    bytes += frame.body.length;
    yield frame.body;
  }
}

async function next(frames: AsyncIterator<Frame>): Promise<Frame> {
  const { done, value } = await frames.next();
  if (done === true) throw new FrameError('the end is missing');
  return value;
}

function parse<Schema extends z.ZodType>(schema: Schema, { body }: Frame): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(body.toString()));
  } catch (cause) {
    throw new FrameError(`a part cannot be read: ${String(cause)}`);
  }
}
