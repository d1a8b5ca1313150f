import { DomainError } from '@app/contracts';
import type { Sort, SortedList, SortedPageRequest } from '@app/persistence';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { OptionalMember } from './optional-member.decorator.js';
import { PageQuery } from './page.dto.js';

/** The query of a list that may be sorted: a subclass declares `sort` by `@SortBy` and its filters as further members. */
export abstract class SortedPageQuery extends PageQuery {
  abstract sort: string;
}

const nameOf = (key: string): string => (key.startsWith('-') ? key.slice(1) : key);

const isSortOf = (value: unknown, names: readonly string[]): boolean => {
  if (typeof value !== 'string') return false;
  const given = value.split(',').map(nameOf);
  return given.every((name) => names.includes(name)) && new Set(given).size === given.length;
};

/** `?sort=-createdAt,name`: each name once, `-` for the highest first. */
export const SortBy = (byDefault: string, ...names: string[]): PropertyDecorator => {
  const key = `-?(${names.join('|')})`;
  const rule = `names out of ${names.join(', ')}, each once, with - for the highest first, separated by commas`;
  return applyDecorators(
    ApiProperty({
      type: String,
      required: false,
      default: byDefault,
      description: rule,
      pattern: `^${key}(,${key})*$`,
    }),
    OptionalMember(),
    ValidateBy({
      name: 'isSort',
      validator: { validate: (value) => isSortOf(value, names), defaultMessage: () => `$property must be ${rule}` },
    }),
  );
};

/**
 * @param filters all that the rows are chosen by: a cursor serves no other
 * @throws DomainError `invalid-cursor` when the cursor was made for another list, sort or filter
 */
export const toSortedPageRequest = <Name extends string>(
  { limit, cursor, sort }: SortedPageQuery,
  list: SortedList<Name>,
  filters: object,
): SortedPageRequest<Name> => {
  const sorts = sort
    .split(',')
    .map((key): Sort<Name> => ({ by: nameOf(key) as Name, descending: key.startsWith('-') }));
  if (cursor === undefined) return { limit, sorts };
  const after = list.decode(cursor, sorts, filters);
  if (after) return { limit, sorts, after };
  throw new DomainError(
    'invalid-cursor',
    'the cursor does not come from a page of this list with this sort and filter',
    {
      fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
    },
  );
};
