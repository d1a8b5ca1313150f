import {
  decodeKeyfile,
  type Keyfile,
  keyfileFingerprint,
  openSealedKeyfile,
  PkiError,
  readSealedKeyfile,
  type SealedKeyfile,
} from '@app/pki';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { KeyfileMark } from '../enrolment/keyfile-relation.js';
import { type KeyfileOrigin, type LoadOptions, readKeyfile, requirePrivate } from './keyfile.source.js';
import type { PassphraseSource } from './passphrase.source.js';

export interface OpenOptions extends LoadOptions {
  now: Date;
  /** Asked only when the keyfile is sealed. */
  passphrase: PassphraseSource;
}

/** A keyfile as it was given. */
export interface LoadedKeyfile {
  bytes: Buffer;
  /** Its outside, when it is sealed. */
  sealed: SealedKeyfile | undefined;
}

export interface OpenedKeyfile {
  keyfile: Keyfile;
  fingerprint: string;
}

/**
 * Reads and verifies a keyfile without network, without writing anything, without using it up.
 * @returns undefined when none was given
 * @throws AgentError `keyfile-unreadable`, `keyfile-open-to-others`; PkiError `keyfile-…`
 */
export const openKeyfile = async (
  origin: KeyfileOrigin,
  input: Readable,
  options: OpenOptions,
): Promise<OpenedKeyfile | undefined> => {
  const loaded = await loadKeyfile(origin, input, options);
  if (loaded === undefined) return undefined;
  const { sealed, bytes } = loaded;
  if (sealed === undefined) return verifyKeyfile(bytes, options.now);
  return await options.passphrase.open((passphrase) => unsealKeyfile(sealed, passphrase, options.now));
};

/** Reads a keyfile without opening it. @returns undefined when none was given. @throws as `openKeyfile` */
export const loadKeyfile = async (
  origin: KeyfileOrigin,
  input: Readable,
  options: LoadOptions,
): Promise<LoadedKeyfile | undefined> => {
  const source = await readKeyfile(origin, input);
  if (source === undefined) return undefined;
  requirePrivate(source, options);
  return { bytes: source.bytes, sealed: readSealedKeyfile(source.bytes) };
};

/** @throws PkiError `keyfile-…` */
export const verifyKeyfile = (bytes: Buffer, now: Date): OpenedKeyfile => {
  const keyfile = decodeKeyfile(bytes, { now });
  return { keyfile, fingerprint: fingerprintOf(keyfile) };
};

/** What is inside must be the keyfile that the outside names. @throws PkiError `keyfile-not-opened`, `keyfile-…` */
export const unsealKeyfile = async (sealed: SealedKeyfile, passphrase: string, now: Date): Promise<OpenedKeyfile> => {
  const opened = verifyKeyfile(await openSealedKeyfile(sealed, passphrase), now);
  if (opened.keyfile.document.keyfileId === sealed.keyfileId) return opened;
  throw new PkiError('keyfile-malformed', 'The keyfile inside is another one than its seal names');
};

const fingerprintOf = ({ document }: Keyfile): string =>
  keyfileFingerprint(document.trust.rootSpkiSha256[0] ?? '', document.keyfileId);

/** What is not there is empty. */
const mark = z.object({ keyfileId: z.string(), agentId: z.string().default(''), issuedAt: z.string().default('') });

/** What tells a keyfile from others; it need not be valid any more. Undefined when there is none to read. */
export const peekKeyfile = async (origin: KeyfileOrigin, input: Readable): Promise<KeyfileMark | undefined> => {
  // Nobody may be there to end the input, and nothing depends on it.
  if (origin.path === '-') return undefined;
  try {
    const source = await readKeyfile(origin, input);
    return mark.parse(JSON.parse(source?.bytes.toString('utf8') ?? ''));
  } catch {
    return undefined;
  }
};
