import { streamUsage, type StreamUsage } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { NullableMember, OptionalMember } from '../http/optional-member.decorator.js';
import { IsInstant } from '../http/time-range.dto.js';
import { AreCidrs } from './is-cidr.decorator.js';
import { UUID } from '../http/uuid.decorator.js';
import { LOWEST_LEVEL } from '../access/user-level.js';

const MOST_CAMERAS = 200;
const MOST_SITES = 100;
const MOST_CIDRS = 20;
const DEFAULT_LEVEL = 128;

const AreIds =
  (most: number): PropertyDecorator =>
  (target, property) => {
    IsArray()(target, property);
    ArrayMaxSize(most)(target, property);
    ArrayUnique((id: unknown) => (typeof id === 'string' ? id.toLowerCase() : id))(target, property);
    Matches(UUID, { each: true, message: 'each of $property must be a UUID' })(target, property);
  };

const AreUsages = (): PropertyDecorator => (target, property) => {
  IsArray()(target, property);
  ArrayMinSize(1)(target, property);
  ArrayMaxSize(streamUsage.options.length)(target, property);
  ArrayUnique()(target, property);
  IsIn(streamUsage.options, { each: true })(target, property);
};

const AreRanges = (): PropertyDecorator => (target, property) => {
  IsArray()(target, property);
  ArrayMaxSize(MOST_CIDRS)(target, property);
  ArrayUnique()(target, property);
  AreCidrs()(target, property);
};

const IsLevel = (): PropertyDecorator => (target, property) => {
  IsInt()(target, property);
  Min(1)(target, property);
  Max(LOWEST_LEVEL)(target, property);
};

const USAGES = {
  enum: streamUsage.options,
  isArray: true,
  description: '`recording` is playback where the site records the camera; the others are live',
} as const;
const LEVEL = { type: 'integer', minimum: 1, maximum: LOWEST_LEVEL, description: '1 is the highest' } as const;
const CIDRS = {
  type: 'array',
  items: { type: 'string', example: '192.0.2.0/24' },
  maxItems: MOST_CIDRS,
  description: 'where it may come from; none: everywhere',
} as const;
const CAMERA_IDS = { type: 'array', items: { type: 'string', format: 'uuid' }, maxItems: MOST_CAMERAS } as const;
const SITE_IDS = {
  type: 'array',
  items: { type: 'string', format: 'uuid' },
  maxItems: MOST_SITES,
  description: 'all cameras of these, also of later ones',
} as const;
const EXPIRES_AT = { type: String, format: 'date-time', nullable: true, description: 'null: it has no end' } as const;

export class NewStreamAccount {
  @ApiProperty({ example: 'Recorder in the control room', minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;

  @ApiProperty({ ...CAMERA_IDS, required: false, description: 'at least one camera or site' })
  @OptionalMember()
  @AreIds(MOST_CAMERAS)
  cameraIds: string[] = [];

  @ApiProperty({ ...SITE_IDS, required: false })
  @OptionalMember()
  @AreIds(MOST_SITES)
  siteIds: string[] = [];

  @ApiProperty({ ...USAGES, required: false, default: ['live'] })
  @OptionalMember()
  @AreUsages()
  usages: StreamUsage[] = ['live'];

  @ApiProperty({ ...LEVEL, required: false, default: DEFAULT_LEVEL })
  @OptionalMember()
  @IsLevel()
  level: number = DEFAULT_LEVEL;

  @ApiProperty({ ...EXPIRES_AT, required: false })
  @NullableMember()
  @IsInstant()
  expiresAt: string | null = null;

  @ApiProperty({ ...CIDRS, required: false })
  @OptionalMember()
  @AreRanges()
  allowedCidrs: string[] = [];
}

export class StreamAccountChangesBody {
  @ApiProperty({ required: false, minLength: 1, maxLength: 200 })
  @OptionalMember()
  @IsDisplayName()
  name?: string;

  @ApiProperty({ ...CAMERA_IDS, required: false, description: 'instead of those before' })
  @OptionalMember()
  @AreIds(MOST_CAMERAS)
  cameraIds?: string[];

  @ApiProperty({ ...SITE_IDS, required: false })
  @OptionalMember()
  @AreIds(MOST_SITES)
  siteIds?: string[];

  @ApiProperty({ ...USAGES, required: false })
  @OptionalMember()
  @AreUsages()
  usages?: StreamUsage[];

  @ApiProperty({ ...LEVEL, required: false })
  @OptionalMember()
  @IsLevel()
  level?: number;

  @ApiProperty({ ...EXPIRES_AT, required: false })
  @NullableMember()
  @IsInstant()
  expiresAt?: string | null;

  @ApiProperty({ ...CIDRS, required: false })
  @OptionalMember()
  @AreRanges()
  allowedCidrs?: string[];
}

/** Names are null while the site does not report the camera. */
export class StreamAccountCamera {
  @ApiProperty({ format: 'uuid' })
  cameraId!: string;

  @ApiProperty({ type: String, nullable: true })
  siteLabel!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'the `<camera>` of its stream URLs' })
  path!: string | null;

  @ApiProperty({ type: String, nullable: true })
  name!: string | null;
}

export class StreamAccount {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'of Digest; unique in the deployment' })
  username!: string;

  @ApiProperty(CAMERA_IDS)
  cameraIds!: string[];

  @ApiProperty({ type: [StreamAccountCamera], description: 'what `cameraIds` are called now' })
  cameras!: StreamAccountCamera[];

  @ApiProperty(SITE_IDS)
  siteIds!: string[];

  @ApiProperty(USAGES)
  usages!: string[];

  @ApiProperty(LEVEL)
  level!: number;

  @ApiProperty(CIDRS)
  allowedCidrs!: string[];

  @ApiProperty(EXPIRES_AT)
  expiresAt!: string | null;

  @ApiProperty({ example: 'operator:admin' })
  createdBy!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null: a restore has taken the password away, rotate it',
  })
  passwordSetAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'to the minute' })
  lastUsedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  lastUsedFrom!: string | null;
}

export class StreamAccountUrl {
  @ApiProperty({ format: 'uuid' })
  cameraId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'rtsp://user:password@host:8554/site/camera/live' })
  url!: string;
}

export class StreamAccountWithPassword extends StreamAccount {
  @ApiProperty({ description: 'answered this once' })
  password!: string;

  @ApiProperty({
    type: [StreamAccountUrl],
    description: 'cameras that it may watch now, the first 500, by its first usage; answered this once',
  })
  urls!: StreamAccountUrl[];

  @ApiProperty({
    example: 'rtsp://user:password@host:8554/{site}/{camera}/{usage}',
    description: 'for all others; answered this once',
  })
  urlTemplate!: string;
}
