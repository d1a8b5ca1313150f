import { DomainError, uuid } from '@app/contracts';

/** Lists of this app go by id: the cursor is the last one. @throws DomainError `invalid-cursor` */
export const readCursor = (cursor: string | undefined): string | undefined => {
  if (cursor === undefined) return undefined;
  const id = uuid.safeParse(cursor);
  if (id.success) return id.data;
  throw new DomainError('invalid-cursor', 'the cursor is not one of this list', {
    fields: [{ pointer: '/cursor', detail: 'take it from the page before' }],
  });
};
