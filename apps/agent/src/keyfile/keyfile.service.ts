import { decodeKeyfile, type Keyfile, keyfileFingerprint } from '@app/pki';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { KeyfileMark } from '../enrolment/keyfile-relation.js';
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
