import { streamUsage, timelineState } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { EntityIdentity } from '../entity/entity-identity.dto.js';
import { PageQuery } from '../http/page.dto.js';
import { IsInstant } from '../http/time-range.dto.js';

export class VideoStream {
  @ApiProperty({ enum: streamUsage.options, isArray: true })
  usages!: string[];

  @ApiProperty({ example: 'H264' })
  codec!: string;

  @ApiProperty({ type: Number, nullable: true })
  width!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  height!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  frameRate!: number | null;
}

export class Camera extends EntityIdentity {
  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'the `<camera>` of its stream URLs' })
  path!: string;

  @ApiProperty({ enum: ['online', 'offline', 'unknown'] })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ type: [VideoStream] })
  streams!: VideoStream[];

  @ApiProperty({ description: 'whether it can be turned' })
  ptz!: boolean;

  @ApiProperty({ description: 'whether it has sound' })
  audio!: boolean;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

/** From when until when; a year at most. */
export class TimelineQuery {
  @ApiProperty({ format: 'date-time', description: 'from then on' })
  @IsInstant()
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'until before then; at most 366 days later' })
  @IsInstant()
  to!: string;
}

export class TimelineSpan {
  @ApiProperty({ format: 'date-time' })
  from!: string;

  @ApiProperty({ format: 'date-time' })
  to!: string;

  @ApiProperty({ enum: timelineState.options, description: '`unknown`: the recording device does not tell' })
  state!: string;
}

export class Timeline {
  @ApiProperty({ type: [TimelineSpan], description: 'in their order; each begins where the one before ends' })
  spans!: TimelineSpan[];
}

/** From when until when; a year at most. */
export class RecordingsQuery extends PageQuery {
  @ApiProperty({ format: 'date-time', description: 'from then on' })
  @IsInstant()
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'until before then; at most 366 days later' })
  @IsInstant()
  to!: string;
}

const RECORDED_STATES = timelineState.exclude(['empty']).options;

export class RecordedSpan {
  @ApiProperty({ format: 'date-time' })
  from!: string;

  @ApiProperty({ format: 'date-time' })
  to!: string;

  @ApiProperty({ enum: RECORDED_STATES, description: '`unknown`: something may be recorded, the device does not tell' })
  state!: string;
}

/** A still picture as the OpenAPI document describes it. */
export const SNAPSHOT_ANSWER = {
  type: 'image/jpeg',
  response: {
    headers: {
      'Taken-At': {
        description: 'when the site got it from the camera',
        required: true,
        schema: { type: 'string', format: 'date-time' },
      },
    },
    content: { 'image/jpeg': { schema: { type: 'string', format: 'binary' } } },
  },
} as const;
