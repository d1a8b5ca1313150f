import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { USERNAME } from '../operator/operator.dto.js';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../session/password.js';

export class FirstAdministrator {
  @ApiProperty({ example: 'jana', maxLength: 100, description: 'unique in the deployment, upper and lower case alike' })
  @IsString()
  @Matches(USERNAME, { message: '$property must be 1 to 100 of: letters, digits, . _ @ + -' })
  username!: string;

  @ApiProperty({ format: 'password', minLength: MIN_PASSWORD_LENGTH, maxLength: MAX_PASSWORD_LENGTH })
  @IsString()
  @Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
  password!: string;
}

export class NewTenant {
  @ApiProperty({ example: 'City of Hamburg', minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;

  @ApiProperty({ type: FirstAdministrator })
  @IsObject()
  @ValidateNested()
  @Type(() => FirstAdministrator)
  administrator!: FirstAdministrator;
}

export class TenantChanges {
  @ApiProperty({ minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;
}

export class Tenant {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class CreatedTenant extends Tenant {
  @ApiProperty({ format: 'uuid', description: 'its first operator: administrator and security officer' })
  administratorId!: string;
}
