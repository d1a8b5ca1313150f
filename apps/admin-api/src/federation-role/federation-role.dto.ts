import { EVENT_TYPE, entityType, roleState, siteCapability, streamUsage } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { NullableMember, OptionalMember } from '../http/optional-member.decorator.js';
import { IsUuid } from '../http/uuid.decorator.js';

const PIN = /^[A-Za-z0-9_-]{43}$/;

export class FederationRoleChanges {
  @ApiProperty({ required: false, minLength: 1, maxLength: 200 })
  @OptionalMember()
  @IsDisplayName()
  name?: string;

  @ApiProperty({
    required: false,
    example: 'directory.hamburg-sued.tunnel.adit.internal',
    description: 'the site’s tunnel address, or host:port of a directly reached directory',
  })
  @OptionalMember()
  @IsString()
  @Length(1, 300)
  directoryAddress?: string;

  @ApiProperty({ required: false, minLength: 1, maxLength: 100 })
  @OptionalMember()
  @IsString()
  @Length(1, 100)
  username?: string;

  @ApiProperty({ required: false, format: 'password', writeOnly: true, maxLength: 1024 })
  @OptionalMember()
  @IsString()
  @Length(1, 1024)
  password?: string;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    pattern: PIN.source,
    description: 'base64url SHA-256 of the directory’s public key, confirmed by you; for directly reached sites only',
  })
  @NullableMember()
  @IsString()
  @Matches(PIN, { message: '$property must be the base64url SHA-256 of a public key' })
  tlsPin?: string | null;

  @ApiProperty({ required: false })
  @OptionalMember()
  @IsBoolean()
  resilientConnection?: boolean;

  @ApiProperty({ required: false, minimum: 0, maximum: 86_400 })
  @OptionalMember()
  @IsInt()
  @Min(0)
  @Max(86_400)
  reconnectionTimeoutSeconds?: number;

  @ApiProperty({ required: false, enum: streamUsage.options })
  @OptionalMember()
  @IsIn(streamUsage.options)
  defaultStreamUsage?: (typeof streamUsage.options)[number];

  @ApiProperty({
    required: false,
    enum: entityType.options,
    isArray: true,
    minItems: 1,
    maxItems: 20,
    description: 'kinds of entities to federate; entities of other kinds vanish; `*` stands for all',
  })
  @OptionalMember()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @IsIn(entityType.options, { each: true })
  entityTypes?: (typeof entityType.options)[number][];

  @ApiProperty({
    required: false,
    type: [String],
    maxItems: 50,
    example: ['camera.motion', 'input.*'],
    description: 'events to receive: names, beginnings with `.*`, or `*` for all; none receives none',
  })
  @OptionalMember()
  @IsArray()
  @ArrayMaxSize(50)
  @Matches(EVENT_TYPE, { each: true, message: '$property must be names of events, beginnings such as input.*, or *' })
  eventTypes?: string[];

  @ApiProperty({ required: false, description: 'whether alarms of the site are alarms here' })
  @OptionalMember()
  @IsBoolean()
  federateAlarms?: boolean;

  @ApiProperty({ required: false })
  @OptionalMember()
  @IsBoolean()
  enabled?: boolean;
}

export class NewFederationRole extends FederationRoleChanges {
  @ApiProperty({ format: 'uuid' })
  @IsUuid()
  siteId!: string;
}

export class FederationRole {
  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true, description: 'base64url SHA-256 of the directory’s public key' })
  tlsPin!: string | null;

  @ApiProperty()
  resilientConnection!: boolean;

  @ApiProperty({ type: 'integer' })
  reconnectionTimeoutSeconds!: number;

  @ApiProperty({ enum: streamUsage.options })
  defaultStreamUsage!: string;

  @ApiProperty({ enum: entityType.options, isArray: true })
  entityTypes!: string[];

  @ApiProperty({ type: [String] })
  eventTypes!: string[];

  @ApiProperty()
  federateAlarms!: boolean;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({
    enum: siteCapability.options,
    isArray: true,
    description: 'what the site lets the role’s account do, as it said at the last contact',
  })
  capabilities!: string[];

  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ type: String, nullable: true })
  directoryAddress!: string | null;

  @ApiProperty({ type: String, nullable: true })
  username!: string | null;

  @ApiProperty({ enum: roleState.options })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ format: 'date-time' })
  stateSince!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastContactAt!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  clockSkewMs!: number | null;

  @ApiProperty({ type: 'integer' })
  entityCount!: number;
}
