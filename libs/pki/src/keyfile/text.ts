import { PkiError, type PkiErrorCode } from '../errors.js';
import { JsonError, parseStrictJson, type JsonFault } from './json.js';

const JSON_FAULTS: Record<JsonFault, [PkiErrorCode, string]> = {
  truncated: ['keyfile-truncated', 'The keyfile ends in the middle; copy the whole of it again'],
  'not-json': ['keyfile-not-json', 'The file is not a keyfile: it is not JSON'],
  'duplicate-member': ['keyfile-duplicate-member', 'The keyfile has the same member twice'],
};

/** The JSON of a keyfile's bytes. Raises `keyfile-truncated`, `keyfile-not-json`, `keyfile-duplicate-member`. */
export function readJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text.trim() === '') throw new PkiError('keyfile-truncated', 'The keyfile is empty');
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    const [code, message] = JSON_FAULTS[cause.fault];
    throw new PkiError(code, `${message} (at character ${cause.offset})`, { cause });
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PkiError('keyfile-not-json', 'The file is not a keyfile: it is not UTF-8 text', { cause });
  }
}
