import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class NewSession {
  @ApiProperty({ example: 'admin', minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  username!: string;

  @ApiProperty({ format: 'password', minLength: 1, maxLength: 1024 })
  @IsString()
  @Length(1, 1024)
  password!: string;
}

export class SessionOperator {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  username!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;
}

export class Session {
  @ApiProperty({ description: 'answered this once' })
  token!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ type: SessionOperator })
  operator!: SessionOperator;
}
