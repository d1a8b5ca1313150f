import { createHash } from 'node:crypto';
import { DomainError } from '@app/contracts';

/** Where a page of a tree ended. */
interface TreePlace {
  id: string;
  /** How many came before the next page: where it begins once the entity is gone. */
  at: number;
}

const bindingOf = (filter: object): string =>
  createHash('sha256').update(JSON.stringify(filter)).digest('base64url').slice(0, 12);

export const encodeTreeCursor = ({ id, at }: TreePlace, filter: object): string =>
  Buffer.from(JSON.stringify([bindingOf(filter), id, at])).toString('base64url');

/** @throws DomainError `invalid-cursor` for what was not made for this filter */
export const decodeTreeCursor = (text: string, filter: object): TreePlace => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && parsed.length === 3) {
      const [binding, id, at] = parsed as unknown[];
      if (binding === bindingOf(filter) && typeof id === 'string' && Number.isSafeInteger(at) && Number(at) >= 0) {
        return { id, at: Number(at) };
      }
    }
  } catch {
    // As any other text that is no cursor.
  }
  throw new DomainError('invalid-cursor', 'the cursor does not come from a page of this tree with this filter', {
    fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
  });
};
