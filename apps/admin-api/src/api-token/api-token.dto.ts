import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsISO8601, Matches } from 'class-validator';
import { PERMISSIONS, type Permission } from '../access/permission.js';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { OptionalUuid } from '../http/uuid.decorator.js';

export class NewApiToken {
  @ApiProperty({ example: 'nightly export', minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, minItems: 1, description: 'no more than the caller’s permissions' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(PERMISSIONS.length)
  @ArrayUnique()
  @IsIn(PERMISSIONS, { each: true })
  scopes!: Permission[];

  @ApiProperty({ format: 'date-time', description: 'at most a year from now' })
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(?:Z|[+-]\d{2}:\d{2})$/, { message: '$property must name its offset from UTC' })
  expiresAt!: string;
}

export class ApiTokenQuery extends PageQuery {
  @OptionalUuid('another operator’s: needs `operators:read`')
  operatorId?: string;
}

export class ApiToken {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  operatorId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: PERMISSIONS, isArray: true })
  scopes!: string[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'to the minute' })
  lastUsedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}

export class IssuedApiToken extends ApiToken {
  @ApiProperty({ example: 'adit_…', description: 'answered this once' })
  token!: string;
}
