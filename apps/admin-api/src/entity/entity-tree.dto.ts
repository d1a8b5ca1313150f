import { ENTITY_KINDS, ENTITY_STATES } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { OptionalUuid } from '../http/uuid.decorator.js';

const toInteger = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;

export class EntityTreeQuery extends PageQuery {
  @OptionalUuid('id of an entity: begin below it')
  areaId?: string;

  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 100, default: 3, description: 'how deep' })
  @OptionalMember()
  @Transform(toInteger)
  @IsInt()
  @Min(1)
  @Max(100)
  depth: number = 3;
}

export class EntityStateCounts {
  @ApiProperty({ type: 'integer' })
  online!: number;

  @ApiProperty({ type: 'integer' })
  offline!: number;

  @ApiProperty({ type: 'integer' })
  unknown!: number;
}

export class EntityTreeNode {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null at the root' })
  parentId!: string | null;

  @ApiProperty({ type: 'integer', description: '1 where the answer begins' })
  depth!: number;

  @ApiProperty({ enum: ENTITY_KINDS })
  kind!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ENTITY_STATES })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ type: 'integer', description: 'how many are right below it, shown or not' })
  children!: number;

  @ApiProperty({ type: EntityStateCounts, description: 'of all that is below it, areas not counted' })
  below!: EntityStateCounts;
}
