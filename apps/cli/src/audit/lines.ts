import { createReadStream } from 'node:fs';
import { CliError, errnoOf } from '../errors.js';

/** A row of the audit has at most some KiB. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** Lines of a stream that may be longer than the memory. @throws Error for a line that never ends */
export async function* linesOf(chunks: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS)
      throw new CliError('audit-broken', 'a line is too long for a row of the audit');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** @throws CliError `file-unreadable` */
export async function* linesOfFile(path: string): AsyncGenerator<string> {
  try {
    yield* linesOf(createReadStream(path));
  } catch (error) {
    if (errnoOf(error) === undefined || error instanceof CliError) throw error;
    const reason = errnoOf(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new CliError('file-unreadable', `${path} ${reason}`, 'Check the path', { cause: error });
  }
}
