import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { CliError } from '../errors.js';
import { FrameError } from './frame.js';

/** What a backup is encrypted with: one passphrase, or the public keys of whoever may open it. */
export type SealingKey = { passphrase: string } | { recipients: readonly string[] };
/** What opens it again. */
export type OpeningKey = { passphrase: string } | { identities: readonly string[] };

/** A key pair for backups: the public half is enough to take them. */
export async function newIdentity(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Compressed, then encrypted in the format age (age-encryption.org/v1): authenticated chunks, whose end is marked. */
export async function sealed(plain: AsyncIterable<Buffer>, key: SealingKey): Promise<Readable> {
  const encrypter = new Encrypter();
  try {
    if ('passphrase' in key) encrypter.setPassphrase(key.passphrase);
    else for (const recipient of key.recipients) encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new CliError('key-unreadable', 'a recipient is no public key of age (age1…)', undefined, { cause });
  }
  const compressed = through(Readable.from(plain, { objectMode: false }), createGzip());
  return Readable.fromWeb(await encrypter.encrypt(toWeb(compressed)));
}

/** @throws CliError `backup-wrong-key`, and while it is read `backup-damaged` */
export async function* unsealed(path: string, start: number, key: OpeningKey): AsyncGenerator<Buffer> {
  const decrypter = new Decrypter();
  if ('passphrase' in key) decrypter.addPassphrase(key.passphrase);
  else for (const identity of key.identities) decrypter.addIdentity(identity);
  const file = createReadStream(path, { start });
  try {
    const plain = await decrypter.decrypt(toWeb(file));
    yield* through(Readable.fromWeb(plain), createGunzip()) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw asCliError(cause);
  } finally {
    file.destroy();
  }
}

/** What the library, zlib and our own frames raise for bytes that are not what was written. */
export function asCliError(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof CliError) return cause;
  if (/no identity matched/.test(cause.message)) {
    return new CliError('backup-wrong-key', 'neither the passphrase nor a key opens this backup', undefined, { cause });
  }
  const isOfDecryption = cause.constructor === Error && !('code' in cause);
  const isOfZlib = 'code' in cause && /^Z_/.test(String(cause.code));
  if (isOfDecryption || isOfZlib || cause instanceof FrameError) {
    return new CliError(
      'backup-damaged',
      `the backup is damaged or cut off (${cause.message})`,
      'Take another copy of it',
      {
        cause,
      },
    );
  }
  return cause;
}

/** The errors of the source come out of the end. */
function through(source: Readable, transform: Transform): Transform {
  pipeline(source, transform).catch((error: Error) => transform.destroy(error));
  return transform;
}

const toWeb = (stream: Readable): ReadableStream<Uint8Array> => Readable.toWeb(stream);
