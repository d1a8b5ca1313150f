import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { SitePageQuery } from '../http/site-page.dto.js';

const STATES = ['active', 'acknowledged'] as const;
const DELIVERIES = ['none', 'pending', 'done', 'refused', 'unsupported'] as const;

export class AlarmQuery extends SitePageQuery {
  @ApiProperty({ required: false, enum: STATES })
  @OptionalMember()
  @IsIn(STATES)
  state?: (typeof STATES)[number];
}

export class Alarm {
  @ApiProperty({ format: 'uuid', description: 'that of the event that raised it' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty({ description: 'the site’s own key of what it is about; empty for the site itself' })
  sourceId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'id of the entity, which may be gone' })
  entityId!: string | null;

  @ApiProperty({ description: 'what the site calls it' })
  remoteAlarmId!: string;

  @ApiProperty({ format: 'date-time', description: 'when it arrived here' })
  raisedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'as the site told it, however wrong' })
  siteTime!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true })
  details!: Record<string, unknown>;

  @ApiProperty({ enum: STATES })
  state!: (typeof STATES)[number];

  @ApiProperty({ type: String, nullable: true, description: '`operator:<name>`; `site` or `site:<name>` at the site' })
  acknowledgedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  acknowledgedAt!: string | null;

  @ApiProperty({ enum: DELIVERIES, description: 'whether the site knows; `none`: there is nothing to tell it' })
  delivery!: (typeof DELIVERIES)[number];

  @ApiProperty({ type: String, nullable: true, description: 'the site’s words, or why it has to wait' })
  deliveryReason!: string | null;
}
