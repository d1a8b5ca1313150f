import { decodeKeyfile, type Keyfile, keyfileFingerprint } from '@app/pki';
import type { Readable } from 'node:stream';
import { AgentError } from '../errors.js';
import { type KeyfileOrigin, readKeyfile } from './keyfile.source.js';

export interface OpenOptions {
  /** Refuses a file that others may read, instead of warning. */
  strict: boolean;
  now: Date;
  warn: (message: string) => void;
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
  const source = await readKeyfile(origin, input);
  if (source === undefined) return undefined;
  if (source.openToOthers) {
    const message = `${source.origin} can be read by other users of this machine`;
    if (options.strict) throw new AgentError('keyfile-open-to-others', message, `chmod 600 ${source.origin}`);
    options.warn(`${message}: chmod 600 it, and delete it after the enrolment`);
  }
  const keyfile = decodeKeyfile(source.bytes, { now: options.now });
  return { keyfile, fingerprint: fingerprintOf(keyfile) };
};

const fingerprintOf = ({ document }: Keyfile): string =>
  keyfileFingerprint(document.trust.rootSpkiSha256[0] ?? '', document.keyfileId);

/** The id in a keyfile that need not be valid any more; undefined when there is none to read. */
export const peekKeyfileId = async (origin: KeyfileOrigin, input: Readable): Promise<string | undefined> => {
  // Nobody may be there to end the input, and nothing depends on it.
  if (origin.path === '-') return undefined;
  try {
    const source = await readKeyfile(origin, input);
    const content: unknown = JSON.parse(source?.bytes.toString('utf8') ?? '');
    if (typeof content !== 'object' || content === null || !('keyfileId' in content)) return undefined;
    return typeof content.keyfileId === 'string' ? content.keyfileId : undefined;
  } catch {
    return undefined;
  }
};
