import { readFile, stat } from 'node:fs/promises';
import type { OpeningKey, SealingKey } from '../archive/backup-key.js';
import type { CommandContext } from './command.context.js';
import { CliError } from '../errors.js';

export interface KeyFlags {
  passphraseFile?: string;
  recipient?: string[];
  identity?: string[];
}

const OPEN_TO_OTHERS = 0o077;

/** @throws CliError `key-missing`, `key-unreadable`, `not-confirmed` */
export async function sealingKey(flags: KeyFlags, context: CommandContext): Promise<SealingKey> {
  if (flags.recipient !== undefined && flags.recipient.length > 0) return { recipients: flags.recipient };
  const fromFile = await passphraseFromFile(flags, context);
  if (fromFile !== undefined) return { passphrase: fromFile };
  const ask = context.terminal.askSecret;
  const passphrase = await ask?.('Passphrase of the backup: ');
  if (ask === undefined || passphrase === undefined || passphrase === '') throw keyMissing('--recipient');
  if ((await ask('Once more: ')) !== passphrase) {
    throw new CliError('not-confirmed', 'the two passphrases differ');
  }
  return { passphrase };
}

/** @throws CliError `key-missing`, `key-unreadable` */
export async function openingKey(flags: KeyFlags, context: CommandContext): Promise<OpeningKey> {
  if (flags.identity !== undefined && flags.identity.length > 0) {
    const texts = await Promise.all(flags.identity.map((path) => readSecret(path)));
    const identities = texts.flatMap((text) => text.split('\n')).filter((line) => /^AGE-SECRET-KEY-/.test(line));
    if (identities.length === 0)
      throw new CliError('key-unreadable', `no AGE-SECRET-KEY- in ${flags.identity.join(', ')}`);
    return { identities: identities.map((line) => line.trim()) };
  }
  const fromFile = await passphraseFromFile(flags, context);
  if (fromFile !== undefined) return { passphrase: fromFile };
  const passphrase = await context.terminal.askSecret?.('Passphrase of the backup: ');
  if (passphrase === undefined) throw keyMissing('--identity');
  return { passphrase };
}

async function passphraseFromFile(flags: KeyFlags, context: CommandContext): Promise<string | undefined> {
  const path = flags.passphraseFile ?? context.environment().ADIT_BACKUP_PASSPHRASE_FILE;
  if (path === undefined) return undefined;
  const passphrase = (await readSecret(path)).trim();
  if (passphrase === '') throw new CliError('key-unreadable', `${path} is empty`);
  return passphrase;
}

async function readSecret(path: string): Promise<string> {
  try {
    if (((await stat(path)).mode & OPEN_TO_OTHERS) !== 0) {
      throw new CliError('key-unreadable', `${path} is open to others`, `chmod 600 ${path}`);
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('key-unreadable', `cannot read ${path}`, undefined, { cause });
  }
}

const keyMissing = (other: string): CliError =>
  new CliError(
    'key-missing',
    'nothing is said about how the backup is encrypted',
    `Give --passphrase-file or ${other}`,
  );
