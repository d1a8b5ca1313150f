import { DomainError } from '@app/contracts';

/** Opaque to the asker: the number of the last row of a page. */
export const encodeRowCursor = (number: number): string => Buffer.from(String(number)).toString('base64url');

/** @throws DomainError `invalid-request` */
export const decodeRowCursor = (cursor: string): number => {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new DomainError('invalid-request', 'the cursor does not come from a page of this list', {
    fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
  });
};
