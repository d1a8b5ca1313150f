import { ApiProperty } from '@nestjs/swagger';
import { IsIn, MaxLength, MinLength } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { IsInstant } from '../http/time-range.dto.js';

const STATES = ['up', 'stale', 'down'] as const;
const SORTS = ['created', 'label', '-since'] as const;

export class TunnelQuery extends PageQuery {
  @ApiProperty({ required: false, enum: STATES })
  @OptionalMember()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  @ApiProperty({ required: false, maxLength: 100, description: 'in the site’s name or label, the address or version' })
  @OptionalMember()
  @MinLength(1)
  @MaxLength(100)
  text?: string;

  @ApiProperty({ required: false, enum: SORTS, default: 'created', description: '`-since`: what changed last first' })
  @OptionalMember()
  @IsIn(SORTS)
  sort: (typeof SORTS)[number] = 'created';
}

export class AvailabilityQuery {
  @ApiProperty({ required: false, format: 'date-time', description: 'at most 400 days ago; default 24 h ago' })
  @OptionalMember()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'default: now' })
  @OptionalMember()
  @IsInstant()
  to?: string;
}

export class Availability {
  @ApiProperty({ format: 'date-time', description: 'not before the site was made' })
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'not after now' })
  to!: string;

  @ApiProperty({ type: Number, nullable: true, description: '0 to 1; null for a range of no length' })
  availability!: number | null;

  @ApiProperty()
  upSeconds!: number;

  @ApiProperty()
  downSeconds!: number;

  @ApiProperty({ description: 'times without a tunnel' })
  outages!: number;

  @ApiProperty()
  longestOutageSeconds!: number;
}

export class Disconnection {
  @ApiProperty({ description: 'sessions that were ended' })
  ended!: number;
}

export class Tunnel {
  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ format: 'uuid' })
  sessionId!: string;

  @ApiProperty({ enum: ['up', 'stale', 'down'], description: '`stale`: its broker has been silent for 15 s' })
  state!: 'up' | 'stale' | 'down';

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiProperty({ example: '203.0.113.7:51034' })
  remoteAddress!: string;

  @ApiProperty()
  agentVersion!: string;

  @ApiProperty({ example: 'linux-x64' })
  platform!: string;

  @ApiProperty({ type: Number, nullable: true })
  rttMs!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'the agent’s clock minus the broker’s' })
  clockSkewMs!: number | null;

  @ApiProperty({ format: 'uuid' })
  brokerId!: string;

  @ApiProperty({ type: String, nullable: true, description: 'why it went down' })
  closeReason!: string | null;
}

export class TunnelSession {
  @ApiProperty({ format: 'uuid' })
  sessionId!: string;

  @ApiProperty({ format: 'date-time' })
  openedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'a word of docs/errors.md' })
  closeReason!: string | null;

  @ApiProperty({ description: 'of an open one: so far' })
  durationSeconds!: number;

  @ApiProperty({ format: 'uuid' })
  brokerId!: string;

  @ApiProperty()
  remoteAddress!: string;

  @ApiProperty()
  agentVersion!: string;
}
