import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';

export class AuthorizeQuery {
  @ApiProperty({ required: false, default: '/', description: 'path of this host to go to afterwards' })
  @OptionalMember()
  @IsString()
  @MaxLength(500)
  returnTo?: string;
}
