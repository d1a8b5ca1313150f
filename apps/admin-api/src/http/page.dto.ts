import { DomainError } from '@app/contracts';
import { decodeCursor, type PageRequest } from '@app/persistence';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { OptionalMember } from './optional-member.decorator.js';

const toInteger = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class PageQuery {
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 200, default: 50 })
  @OptionalMember()
  @Transform(toInteger)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @ApiProperty({ required: false, description: '`nextCursor` of the page before' })
  @OptionalMember()
  @IsString()
  @MaxLength(4_000)
  cursor?: string;
}

/** For rows of this app's own database. @throws DomainError `invalid-cursor` */
export const toPageRequest = ({ limit, cursor }: PageQuery): PageRequest => {
  if (cursor === undefined) return { limit };
  const decoded = decodeCursor(cursor);
  if (decoded) return { limit, cursor: decoded };
  throw new DomainError('invalid-cursor', 'the cursor does not come from a page of this list', {
    fields: [{ pointer: '/cursor', detail: 'the nextCursor of a page' }],
  });
};
