import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsString,
  IsUrl,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { ROLES, type Role } from '../access/role.js';
import { NullableMember, OptionalMember } from '../http/optional-member.decorator.js';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../session/password.js';

/** Shown in the audit as `operator:<name>`, hence neither colon nor slash. */
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/;

const passwordProperty = {
  format: 'password',
  minLength: MIN_PASSWORD_LENGTH,
  maxLength: MAX_PASSWORD_LENGTH,
} as const;

const IsRoles = (): PropertyDecorator => (target, key) => {
  for (const rule of [
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(ROLES.length),
    ArrayUnique(),
    IsIn(ROLES, { each: true }),
  ])
    rule(target, key);
};

export class Identity {
  @ApiProperty({ example: 'https://login.example.com', description: '`iss` of the identity provider, byte for byte' })
  @IsString()
  @Length(1, 500)
  @IsUrl({ require_tld: false, protocols: ['https', 'http'], require_protocol: true })
  issuer!: string;

  @ApiProperty({ description: '`sub` of the person there', maxLength: 255 })
  @IsString()
  @Length(1, 255)
  subject!: string;
}

export class NewOperator {
  @ApiProperty({ example: 'jana', maxLength: 100, description: 'unique in the deployment, upper and lower case alike' })
  @IsString()
  @Matches(USERNAME, { message: '$property must be 1 to 100 of: letters, digits, . _ @ + -' })
  username!: string;

  @ApiProperty({ ...passwordProperty, required: false, description: 'absent: signs in by the identity provider alone' })
  @OptionalMember()
  @IsString()
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password?: string;

  @ApiProperty({ type: Identity, required: false, description: 'who it is at the identity provider' })
  @OptionalMember()
  @IsObject()
  @ValidateNested()
  @Type(() => Identity)
  identity?: Identity;

  @ApiProperty({ enum: ROLES, isArray: true, minItems: 1 })
  @IsRoles()
  roles!: Role[];
}

export class OperatorChanges {
  @ApiProperty({ enum: ROLES, isArray: true, minItems: 1, required: false })
  @OptionalMember()
  @IsRoles()
  roles?: Role[];

  @ApiProperty({ required: false, description: 'true ends all sessions and API tokens' })
  @OptionalMember()
  @IsBoolean()
  disabled?: boolean;

  @ApiProperty({ type: Identity, nullable: true, required: false, description: 'null: by password alone' })
  @NullableMember()
  @IsObject()
  @ValidateNested()
  @Type(() => Identity)
  identity?: Identity | null;
}

export class NewPassword {
  @ApiProperty(passwordProperty)
  @IsString()
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password!: string;
}

export class OwnPassword {
  @ApiProperty({ format: 'password', minLength: 1, maxLength: MAX_PASSWORD_LENGTH })
  @IsString()
  @Length(1, MAX_PASSWORD_LENGTH)
  currentPassword!: string;

  @ApiProperty(passwordProperty)
  @IsString()
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password!: string;
}

export class Operator {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  username!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: string[];

  @ApiProperty({ description: 'may sign in by password' })
  hasPassword!: boolean;

  @ApiProperty({ type: Identity, nullable: true })
  identity!: Identity | null;

  @ApiProperty({ description: 'the identity provider’s claim sets the roles at every sign-in' })
  rolesFromProvider!: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  disabledAt!: string | null;
}
