import { streamUsage } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { LOWEST_LEVEL } from '../access/user-level.js';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { IsInstant } from '../http/time-range.dto.js';

const DAY_SECONDS = 86_400;

export class NewViewTicket {
  @ApiProperty({ required: false, enum: streamUsage.options, default: 'live' })
  @OptionalMember()
  @IsIn(streamUsage.options)
  usage: (typeof streamUsage.options)[number] = 'live';

  @ApiProperty({
    required: false,
    minimum: 10,
    maximum: DAY_SECONDS,
    default: 43_200,
    description: 'how long its user may reconnect: at most 12 h, 24 h in a demo',
  })
  @OptionalMember()
  @IsInt()
  @Min(10)
  @Max(DAY_SECONDS)
  validForSeconds?: number;

  @ApiProperty({
    required: false,
    minimum: 1,
    maximum: LOWEST_LEVEL,
    description: 'who goes first where too many watch: 1 is the highest; none above your own, which it is without one',
  })
  @OptionalMember()
  @IsInt()
  @Min(1)
  @Max(LOWEST_LEVEL)
  level?: number;
}

export class IssuedViewTicket {
  @ApiProperty({ format: 'uuid' })
  ticketId!: string;

  @ApiProperty({
    description: 'for any RTSP player; answered this once',
    example: 'rtsp://host:8554/site/camera/live?ticket=…',
  })
  url!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'for any browser, with the same ticket; null where no page is set up; answered this once',
    example: 'https://host/play/site/camera?ticket=…',
  })
  playUrl!: string | null;

  @ApiProperty({ enum: streamUsage.options })
  usage!: string;

  @ApiProperty({ type: 'integer', minimum: 1, maximum: LOWEST_LEVEL, description: 'of its viewers: 1 is the highest' })
  level!: number;

  @ApiProperty({ format: 'date-time', description: 'the first player must start before' })
  firstUseBy!: string;

  @ApiProperty({ format: 'date-time', description: 'reconnects from that player’s address end' })
  expiresAt!: string;
}

/** From when until when; a day at most. */
export class NewExport {
  @ApiProperty({ format: 'date-time', description: 'the file begins with the keyframe at or before' })
  @IsInstant()
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'and ends there; at most 24 hours later' })
  @IsInstant()
  to!: string;
}

export class IssuedExport {
  @ApiProperty({ format: 'uuid', description: 'revoking it ends the download' })
  ticketId!: string;

  @ApiProperty({
    description: 'answers an MP4 file that is made while it is fetched; answered this once',
    example: 'https://host/export/site/camera?from=…&to=…&ticket=…',
  })
  url!: string;

  @ApiProperty({ format: 'date-time' })
  from!: string;

  @ApiProperty({ format: 'date-time' })
  to!: string;

  @ApiProperty({ format: 'date-time', description: 'the download must start before' })
  firstUseBy!: string;

  @ApiProperty({ format: 'date-time', description: 'repetitions from the same address must start before' })
  expiresAt!: string;
}

export class ViewTicket {
  @ApiProperty({ format: 'uuid' })
  ticketId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty()
  camera!: string;

  @ApiProperty({ enum: streamUsage.options })
  usage!: string;

  @ApiProperty({ type: 'integer', minimum: 1, maximum: LOWEST_LEVEL, description: 'of its viewers: 1 is the highest' })
  level!: number;

  @ApiProperty({ example: 'operator:admin' })
  issuedTo!: string;

  @ApiProperty({ format: 'date-time' })
  issuedAt!: string;

  @ApiProperty({ format: 'date-time' })
  firstUseBy!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  firstUsedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'the address it belongs to since' })
  firstUsedFrom!: string | null;
}
