import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError, errnoOf } from '../errors.js';
import { parseDuration } from '../output/time.js';
import type { Call } from './command.js';

const MAX_SECRET_BYTES = 64 * 1024;

/**
 * A secret from a file that only its owner may read, or from standard input as `-`, without the end of its line.
 * @throws CliError `file-unreadable`, `open-to-others`
 */
export const readSecret = async (path: string, call: Pick<Call, 'terminal'>): Promise<string> => {
  const content = path === '-' ? await text(call.terminal.input) : await readPrivate(path);
  const secret = content.replace(/\r?\n$/, '');
  if (secret !== '') return secret;
  throw new CliError('file-unreadable', `${path === '-' ? 'standard input' : path} is empty`);
};

const readPrivate = async (path: string): Promise<string> => {
  try {
    await using file = await open(path, 'r');
    const status = await file.stat();
    // What a shell hands over, as <(command), is a pipe of this user alone.
    if (status.isFile() && (status.mode & 0o077) !== 0) {
      throw new CliError('open-to-others', `${path} can be read or written by other users`, `chmod 600 ${path}`);
    }
    if (status.size > MAX_SECRET_BYTES) throw new CliError('file-unreadable', `${path} is too large for a secret`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = errnoOf(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new CliError('file-unreadable', `${path} ${reason}`, 'Check the path, and that you may read the file');
  }
};

/** From the file that is named, else from the person at the terminal. @throws CliError `wrong-usage` where nobody is there */
export const secretOf = async (
  path: string | undefined,
  question: string,
  flag: string,
  call: Pick<Call, 'terminal'>,
): Promise<string> => {
  if (path !== undefined) return readSecret(path, call);
  const ask = call.terminal.askSecret;
  if (ask === undefined) {
    throw new CliError(
      'wrong-usage',
      'nobody is there to ask',
      `Give a file with ${flag} FILE, or - for standard input`,
    );
  }
  return await ask(`${question}: `);
};

/** A new passphrase or password: asked twice. @throws CliError `not-confirmed`, `wrong-usage` */
export const newSecretOf = async (
  path: string | undefined,
  question: string,
  flag: string,
  call: Pick<Call, 'terminal'>,
): Promise<string> => {
  const secret = await secretOf(path, question, flag, call);
  if (path === undefined && (await call.terminal.askSecret?.('Once more: ')) !== secret) {
    throw new CliError('not-confirmed', 'the two are not the same: nothing was done');
  }
  return secret;
};

/** Before what cannot be taken back. @throws CliError `not-confirmed` */
export const confirm = async (
  question: string,
  yes: boolean | undefined,
  call: Pick<Call, 'terminal'>,
): Promise<void> => {
  if (yes === true) return;
  const { ask } = call.terminal;
  if (ask === undefined) {
    throw new CliError('not-confirmed', 'nobody is there to confirm it: nothing was done', 'Confirm with --yes');
  }
  if (!(await ask(question))) throw new CliError('not-confirmed', 'not confirmed: nothing was done');
};

/** @throws CliError `wrong-usage` */
export const durationSeconds =
  (flag: string) =>
  (text: string): number => {
    const value = parseDuration(text);
    if (value !== undefined && value > 0) return value;
    throw new CliError('wrong-usage', `${flag}: ${text} is no time such as 30m, 12h or 7d`);
  };

/** @throws CliError `wrong-usage` */
export const wholeNumber =
  (flag: string) =>
  (text: string): number => {
    if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
    throw new CliError('wrong-usage', `${flag}: ${text} is no number above 0`);
  };
