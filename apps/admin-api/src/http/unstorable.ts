import { DomainError } from '@app/contracts';

// oxlint-disable-next-line no-control-regex
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/**
 * JSON can write half a surrogate pair, addresses and JSON U+0000; no text of PostgreSQL can hold them.
 * @param pointer of the text
 * @throws DomainError `invalid-request`
 */
export const refuseUnstorable = (text: string, pointer: string): void => {
  if (!UNSTORABLE.test(text)) return;
  throw new DomainError('invalid-request', 'a text has characters that cannot be stored', {
    fields: [{ pointer, detail: 'whole Unicode characters without U+0000' }],
  });
};
