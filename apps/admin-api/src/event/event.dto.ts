import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { IsIn, Matches, MaxLength } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { SortBy, type SortedPageQuery } from '../http/sorted-page.dto.js';
import { TimeRangeQuery } from '../http/time-range.dto.js';
import { OptionalUuid } from '../http/uuid.decorator.js';

export const PERIODS = ['online', 'grace', 'offline', 'unknown'] as const;
const CLOCKS = ['arrival', 'site'] as const;
/** One or more characters, with a `*` at the end or without. */
const TYPE = /^[^*\p{Cc}]+\*?$/u;
const POSITION = /^\d{1,16}$/;

const IsType = (): PropertyDecorator =>
  Matches(TYPE, { message: '$property must be a type of event, or the beginning of one with a * behind it' });

class EventFilter {
  @OptionalUuid()
  siteId?: string;

  @OptionalUuid('what it is about')
  entityId?: string;

  @ApiProperty({
    required: false,
    maxLength: 200,
    example: 'camera.*',
    description: 'exact, or a beginning with a `*`',
  })
  @OptionalMember()
  @MaxLength(200)
  @IsType()
  type?: string;

  @ApiProperty({ required: false, enum: PERIODS })
  @OptionalMember()
  @IsIn(PERIODS)
  occurrencePeriod?: (typeof PERIODS)[number];
}

export class EventQuery extends IntersectionType(TimeRangeQuery, EventFilter) implements SortedPageQuery {
  @ApiProperty({ required: false, enum: CLOCKS, default: 'arrival', description: 'whose time `from` and `to` are' })
  @OptionalMember()
  @IsIn(CLOCKS)
  timeOf: (typeof CLOCKS)[number] = 'arrival';

  @SortBy('-arrivedAt', 'arrivedAt', 'siteTime')
  sort: string = '-arrivedAt';
}

export class EventStreamQuery extends EventFilter {
  @ApiProperty({
    required: false,
    example: '1790000000000000',
    description: '`position` of the last event that is known; the header `Last-Event-ID` goes before it. Default: now',
  })
  @OptionalMember()
  @Matches(POSITION, { message: '$property must be the position of an event' })
  after?: string;
}

export const isPosition = (text: string): boolean => POSITION.test(text);

export class SiteEvent {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({
    example: '1790000000000000',
    description: 'its place among the events of the tenant: its arrival in microseconds since 1970, which none shares',
  })
  position!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ example: '4711', description: 'its number in the store of its site' })
  sequence!: string;

  @ApiProperty({ example: 'camera.motion' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, description: 'the site’s own key of what it is about' })
  sourceId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'id of the entity, which may be gone' })
  entityId!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'as the site told it, however wrong' })
  siteTime!: string | null;

  @ApiProperty({ format: 'date-time' })
  arrivedAt!: string;

  @ApiProperty({ enum: PERIODS, description: 'whether the site was connected when it happened' })
  occurrencePeriod!: (typeof PERIODS)[number];

  @ApiProperty({ type: 'object', additionalProperties: true, description: '16 kB at most' })
  details!: Record<string, unknown>;

  @ApiProperty({ description: 'the site sent more details than are kept' })
  detailsDropped!: boolean;
}
