import { SEALED_KEYFILE_MAX_BYTES } from '@app/pki';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AgentError, errnoOf } from '../errors.js';
import { isCompleteJson } from './json-end.js';

/** Where a keyfile comes from: a path, `-` for the standard input, or the text itself. */
export interface KeyfileOrigin {
  path?: string | undefined;
  text?: string | undefined;
}

export interface KeyfileBytes {
  bytes: Buffer;
  /** How it was given, for messages. */
  origin: string;
  /** Group or world may read the file. */
  openToOthers: boolean;
}

export interface LoadOptions {
  /** Refuses a file that others may read, instead of warning. */
  strict: boolean;
  warn: (message: string) => void;
}

/** One byte over the cap is enough to know that it is exceeded. */
const READ_MAX_BYTES = SEALED_KEYFILE_MAX_BYTES + 1;

/** @returns undefined when none was given. @throws AgentError `keyfile-unreadable` */
export const readKeyfile = async (origin: KeyfileOrigin, input: Readable): Promise<KeyfileBytes | undefined> => {
  if (origin.path === '-')
    return { bytes: await readInput(input, isCompleteJson), origin: 'standard input', openToOthers: false };
  if (origin.path !== undefined) return await readPath(origin.path);
  if (origin.text === undefined) return undefined;
  return { bytes: Buffer.from(origin.text), origin: 'ADIT_KEYFILE', openToOthers: false };
};

/** The beginning of a file, as much of it as a keyfile may have. @throws AgentError `keyfile-unreadable` */
export const readPath = async (path: string): Promise<KeyfileBytes> => {
  try {
    const file = await open(path, 'r');
    try {
      const { mode } = await file.stat();
      const buffer = Buffer.alloc(READ_MAX_BYTES);
      const { bytesRead } = await file.read(buffer, 0, READ_MAX_BYTES, 0);
      return { bytes: buffer.subarray(0, bytesRead), origin: path, openToOthers: (mode & 0o077) !== 0 };
    } finally {
      await file.close();
    }
  } catch (cause) {
    const advice = 'Check the path, and that this user may read the file';
    throw new AgentError('keyfile-unreadable', `${path} ${faultOf(cause)}`, advice, { cause });
  }
};

/** @throws AgentError `keyfile-open-to-others` when that is asked for */
export const requirePrivate = (source: KeyfileBytes, { strict, warn }: LoadOptions): void => {
  if (!source.openToOthers) return;
  const message = `${source.origin} can be read by other users of this machine`;
  if (strict) throw new AgentError('keyfile-open-to-others', message, `chmod 600 ${source.origin}`);
  warn(`${message}: chmod 600 it, and delete it after the enrolment`);
};

const faultOf = (cause: unknown): string => {
  const code = errnoOf(cause);
  return (code === undefined ? undefined : FAULTS[code]) ?? `cannot be read (${code ?? 'no reason given'})`;
};

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a directory',
};

/** Up to the end of the input, or of what is asked for: a person who pastes it need not know Ctrl-D. */
export const readInput = (input: Readable, isComplete: (text: string) => boolean): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const finish = (error?: Error): void => {
      input.off('data', onData).off('end', onEnd).off('error', finish).pause();
      if (error === undefined) resolve(received.subarray(0, READ_MAX_BYTES));
      else reject(error);
    };
    const onEnd = (): void => finish();
    const onData = (chunk: Buffer | string): void => {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      if (received.length >= READ_MAX_BYTES || isComplete(received.toString('utf8'))) finish();
    };
    input.on('data', onData).once('end', onEnd).once('error', finish).resume();
  });
