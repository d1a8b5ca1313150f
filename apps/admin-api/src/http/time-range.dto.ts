import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { OptionalMember } from './optional-member.decorator.js';
import { PageQuery } from './page.dto.js';

const INSTANT =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** A point in time in a query: RFC 3339, with its offset. */
export const IsInstant = (): PropertyDecorator =>
  Matches(INSTANT, { message: '$property must be a time as RFC 3339 writes it, e.g. 2026-01-31T12:00:00Z' });

/** A page of what happened in a time. */
export class TimeRangeQuery extends PageQuery {
  @ApiProperty({ required: false, format: 'date-time', description: 'from then on' })
  @OptionalMember()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'until before then' })
  @OptionalMember()
  @IsInstant()
  to?: string;
}

/** For queries that passed validation. */
export const toTimes = ({ from, to }: { from?: string; to?: string }): { from?: Date; to?: Date } => ({
  ...(from === undefined ? {} : { from: new Date(from) }),
  ...(to === undefined ? {} : { to: new Date(to) }),
});
