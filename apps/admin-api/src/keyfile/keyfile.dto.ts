import { keyfileState } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';

const DAY_SECONDS = 86_400;

export class NewKeyfile {
  @ApiProperty({ required: false, minimum: 60, maximum: 30 * DAY_SECONDS, default: 7 * DAY_SECONDS })
  @OptionalMember()
  @IsInt()
  @Min(60)
  @Max(30 * DAY_SECONDS)
  validForSeconds?: number;

  @ApiProperty({ required: false, default: false, description: 'Cut off the agent that the site has' })
  @OptionalMember()
  @IsBoolean()
  replace?: boolean;
}

export class KeyfileRevocation {
  @ApiProperty({ required: false, maxLength: 200 })
  @OptionalMember()
  @IsString()
  @MaxLength(200)
  reason?: string;
}

export class Keyfile {
  @ApiProperty({ format: 'uuid' })
  keyfileId!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty({ format: 'uuid' })
  agentId!: string;

  @ApiProperty({ enum: keyfileState.options })
  state!: string;

  @ApiProperty({ format: 'date-time' })
  issuedAt!: string;

  @ApiProperty({ example: 'operator:admin' })
  issuedBy!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  claimedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'address that used it' })
  claimedFrom!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  redeemedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}

export class IssuedKeyfile {
  @ApiProperty({ type: Keyfile })
  keyfile!: Keyfile;

  @ApiProperty({ description: 'the keyfile’s text, to be saved byte for byte; answered this once' })
  content!: string;

  @ApiProperty({ description: 'the agent prints the same one: compare before confirming' })
  fingerprint!: string;
}
