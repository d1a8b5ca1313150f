import { ENTITY_KINDS, ENTITY_STATES } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsString, Length, Matches } from 'class-validator';
import { VideoStream } from '../camera/camera.dto.js';
import { NullableMember, OptionalMember } from '../http/optional-member.decorator.js';
import { SortBy, SortedPageQuery } from '../http/sorted-page.dto.js';
import { PLAIN_TEXT } from '../site/site.dto.js';
import { OptionalUuid, UUID } from '../http/uuid.decorator.js';
import { EntityIdentity } from './entity-identity.dto.js';

export const MAX_STATES = 1_000;

export class EntityQuery extends SortedPageQuery {
  @SortBy('name', 'name', 'updatedAt')
  sort: string = 'name';

  @ApiProperty({ required: false, minLength: 1, maxLength: 200, description: 'part of the name or the remote id' })
  @OptionalMember()
  @IsString()
  @Length(1, 200)
  q?: string;

  @OptionalUuid()
  siteId?: string;

  @OptionalUuid('of a federation role')
  roleId?: string;

  @OptionalUuid('id of an entity: what is in it, at any depth')
  areaId?: string;

  @ApiProperty({ required: false, enum: ENTITY_KINDS })
  @OptionalMember()
  @IsIn(ENTITY_KINDS)
  kind?: (typeof ENTITY_KINDS)[number];

  @ApiProperty({ required: false, enum: ENTITY_STATES })
  @OptionalMember()
  @IsIn(ENTITY_STATES)
  state?: (typeof ENTITY_STATES)[number];
}

/** What only cameras have. */
export class EntityCamera {
  @ApiProperty({ description: 'the `<camera>` of its stream URLs' })
  path!: string;

  @ApiProperty({ description: 'whether it can be turned' })
  ptz!: boolean;

  @ApiProperty({ description: 'whether it has sound' })
  audio!: boolean;

  @ApiProperty({ type: [VideoStream] })
  streams!: VideoStream[];
}

export class Entity extends EntityIdentity {
  @ApiProperty({ enum: ENTITY_KINDS, description: '`unknown`: the site’s connector does not know; see `properties`' })
  kind!: string;

  @ApiProperty({ description: 'the site’s name of it' })
  name!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'the entity that it is in' })
  parentId!: string | null;

  @ApiProperty({ enum: ENTITY_STATES, description: '`unknown` while the role has no contact with the site' })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ type: EntityCamera, nullable: true, description: 'of a camera' })
  camera!: EntityCamera | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'what else the site says of it',
  })
  properties!: Record<string, unknown> | null;

  @ApiProperty({ format: 'date-time', description: 'when the site last said something else of it' })
  updatedAt!: string;

  @ApiProperty({ type: String, nullable: true, description: 'yours; the site does not see it' })
  note!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  notedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  notedBy!: string | null;
}

/** What a site says of its entities cannot be changed here. */
export class EntityChanges {
  @ApiProperty({ type: String, required: false, nullable: true, minLength: 1, maxLength: 4_000 })
  @NullableMember()
  @IsString()
  @Length(1, 4_000)
  @Matches(PLAIN_TEXT, { message: '$property must have no characters for control or for the writing direction' })
  note?: string | null;
}

export class EntityStatesQuery {
  @ApiProperty({ type: 'array', items: { type: 'string', format: 'uuid' }, minItems: 1, maxItems: MAX_STATES })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_STATES)
  @Matches(UUID, { each: true, message: 'each of $property must be a UUID' })
  ids!: string[];
}

export class EntityStateOf {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ENTITY_STATES })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class EntityStates {
  @ApiProperty({ type: [EntityStateOf], description: 'in the order of the ids' })
  states!: EntityStateOf[];

  @ApiProperty({ type: 'array', items: { type: 'string', format: 'uuid' }, description: 'ids of no entity' })
  unknownIds!: string[];
}
