import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsString, Length } from 'class-validator';
import { PERMISSIONS } from '../access/permission.js';
import { ROLES } from '../access/role.js';
import { OptionalMember } from '../http/optional-member.decorator.js';

export class NewSession {
  @ApiProperty({ example: 'admin', minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  username!: string;

  @ApiProperty({ format: 'password', minLength: 1, maxLength: 1024 })
  @IsString()
  @Length(1, 1024)
  password!: string;

  @ApiProperty({ required: false, default: false, description: 'For a browser: the session goes into a cookie' })
  @OptionalMember()
  @IsBoolean()
  cookie?: boolean;
}

export class SessionOperator {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  username!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: string[];
}

export class Session {
  @ApiProperty({ required: false, description: 'answered this once; not with `cookie`' })
  token?: string;

  @ApiProperty({ required: false, description: 'with `cookie`: repeat it in `X-CSRF-Token` on every change' })
  csrfToken?: string;

  @ApiProperty({ format: 'date-time', description: 'ends earlier when it is idle' })
  expiresAt!: string;

  @ApiProperty({ type: SessionOperator })
  operator!: SessionOperator;
}

export class CurrentSession {
  @ApiProperty({ enum: ['bearer', 'cookie', 'api-token'] })
  via!: string;

  @ApiProperty({ required: false, description: 'with `via: cookie`: repeat it in `X-CSRF-Token` on every change' })
  csrfToken?: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ enum: PERMISSIONS, isArray: true, description: 'what this caller may do now' })
  permissions!: string[];

  @ApiProperty({ type: SessionOperator })
  operator!: SessionOperator;
}
