import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { OptionalMember } from './optional-member.decorator.js';
import { PageQuery } from './page.dto.js';

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A page of one site's things, or of all sites'. */
export class SitePageQuery extends PageQuery {
  @ApiProperty({ required: false, format: 'uuid' })
  @OptionalMember()
  @Matches(UUID, { message: '$property must be a UUID' })
  siteId?: string;
}
