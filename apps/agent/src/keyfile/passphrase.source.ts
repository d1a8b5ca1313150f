import { PkiError } from '@app/pki';
import type { Readable } from 'node:stream';
import { AgentError } from '../errors.js';
import { type LoadOptions, readInput, readPath, requirePrivate } from './keyfile.source.js';

export interface PassphraseOptions {
  /** File, or `-` for the standard input. */
  path?: string | undefined;
  text?: string;
  input: Readable;
  /** The standard input gives the keyfile, and cannot give the passphrase too. */
  inputHasKeyfile: boolean;
  access: LoadOptions;
  /** Asks a person; absent where nobody can answer. */
  ask?: (question: string) => Promise<string>;
}

const ATTEMPTS = 3;

/** Where the passphrase of a sealed keyfile comes from: given beforehand, or asked for. */
export class PassphraseSource {
  constructor(private readonly options: PassphraseOptions) {}

  /** @throws AgentError `passphrase-missing`, `passphrase-unreadable`; what `open` throws */
  async open<T>(open: (passphrase: string) => Promise<T>): Promise<T> {
    const given = await this.given();
    if (given !== undefined) return await open(given);
    const { ask } = this.options;
    if (ask !== undefined) return await attempts(open, ask);
    const advice = 'Name its file with --passphrase-file or ADIT_KEYFILE_PASSPHRASE_FILE';
    throw new AgentError('passphrase-missing', 'The keyfile is sealed, and no passphrase was given', advice);
  }

  /** @returns undefined where no passphrase is given, or a person gives none. @throws as `open` */
  async openIfGiven<T>(open: (passphrase: string) => Promise<T>): Promise<T | undefined> {
    const given = await this.given();
    if (given !== undefined) return await open(given);
    const typed = await this.options.ask?.('Passphrase of the keyfile (none: show its outside only): ');
    return typed === undefined || typed === '' ? undefined : await open(typed);
  }

  private async given(): Promise<string | undefined> {
    const { path, text, input, inputHasKeyfile, access } = this.options;
    if (text !== undefined) return text;
    if (path === undefined) return undefined;
    if (path === '-' && inputHasKeyfile) {
      const advice = 'Give one of them as a file';
      throw new AgentError('passphrase-unreadable', 'Keyfile and passphrase cannot both be standard input', advice);
    }
    return await readPassphrase(path, input, access);
  }
}

/** A person who mistypes may try again; whatever else is wrong stays wrong. */
const attempts = async <T>(
  open: (passphrase: string) => Promise<T>,
  ask: (question: string) => Promise<string>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open(await ask(`${attempt === 1 ? '' : 'It does not open with that. '}Passphrase of the keyfile: `));
    } catch (error) {
      const isMistake = error instanceof PkiError && MISTAKES.has(error.code);
      if (!isMistake || attempt >= ATTEMPTS) throw error;
    }
  }
};

const MISTAKES = new Set(['keyfile-not-opened', 'passphrase-unusable']);

const readPassphrase = async (path: string, input: Readable, access: LoadOptions): Promise<string> => {
  const bytes = path === '-' ? await readInput(input, hasLine) : await readFile(path, access);
  const text = firstLine(decode(bytes, path));
  if (text !== '') return text;
  throw new AgentError('passphrase-unreadable', `${nameOf(path)} is empty`);
};

const hasLine = (text: string): boolean => text.includes('\n');
const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? '';

const readFile = async (path: string, access: LoadOptions): Promise<Buffer> => {
  const source = await readPath(path).catch((cause: Error) => {
    throw new AgentError(
      'passphrase-unreadable',
      cause.message,
      'Check the path, and that this user may read the file',
      {
        cause,
      },
    );
  });
  requirePrivate(source, access);
  return source.bytes;
};

const decode = (bytes: Buffer, path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AgentError('passphrase-unreadable', `${nameOf(path)} is not UTF-8 text`, undefined, { cause });
  }
};

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path);
