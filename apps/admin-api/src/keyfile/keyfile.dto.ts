import { keyfileState, type KeyfileState } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsEnum, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { SitePageQuery } from '../http/site-page.dto.js';
import { IsPassphrase, PASSPHRASE_SCHEMA } from './passphrase.decorator.js';

const DAY_SECONDS = 86_400;

export class KeyfileTerms {
  @ApiProperty({ required: false, minimum: 60, maximum: 30 * DAY_SECONDS, default: 7 * DAY_SECONDS })
  @OptionalMember()
  @IsInt()
  @Min(60)
  @Max(30 * DAY_SECONDS)
  validForSeconds?: number;

  @ApiProperty({ required: false, ...PASSPHRASE_SCHEMA })
  @OptionalMember()
  @IsPassphrase()
  passphrase?: string;
}

export class NewKeyfile extends KeyfileTerms {
  @ApiProperty({ required: false, default: false, description: 'Cut off the agent that the site has' })
  @OptionalMember()
  @IsBoolean()
  replace?: boolean;
}

export class SiteReplacement extends KeyfileTerms {
  @ApiProperty({
    required: false,
    enum: ['now', 'on-enrolment'],
    default: 'now',
    description: 'Whether the present server goes at once, or when the first tunnel of the new one is up',
  })
  @OptionalMember()
  @IsEnum(['now', 'on-enrolment'])
  when: 'now' | 'on-enrolment' = 'now';
}

const withState = { required: false, enum: keyfileState.options } as const;

export class SiteKeyfileQuery extends PageQuery {
  @ApiProperty(withState)
  @OptionalMember()
  @IsEnum(keyfileState.options)
  state?: KeyfileState;
}

export class KeyfileQuery extends SitePageQuery {
  @ApiProperty(withState)
  @OptionalMember()
  @IsEnum(keyfileState.options)
  state?: KeyfileState;
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

  @ApiProperty({ type: String, nullable: true })
  revokedBy!: string | null;

  @ApiProperty({ type: String, nullable: true })
  revokeReason!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'its content was handed out' })
  downloadedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  downloadedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'first tunnel of what came of it' })
  closedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  closedFrom!: string | null;

  @ApiProperty({ description: 'a passphrase is around it' })
  sealed!: boolean;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'the keyfile whose place it took' })
  regenerates!: string | null;
}

export class KeyfileStep {
  @ApiProperty({ enum: ['issued', 'downloaded', 'claimed', 'redeemed', 'first-used', 'revoked', 'expired'] })
  step!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: String, nullable: true, example: 'operator:admin' })
  by!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'address' })
  from!: string | null;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;
}

export class KeyfileDetails extends Keyfile {
  @ApiProperty({ type: [KeyfileStep], description: 'in the order of the life of a keyfile' })
  history!: KeyfileStep[];
}

export class IssuedKeyfile {
  @ApiProperty({ type: Keyfile })
  keyfile!: Keyfile;

  @ApiProperty({ description: 'the keyfile’s text, to be saved byte for byte; answered this once' })
  content!: string;

  @ApiProperty({ description: 'the agent prints the same one: compare before confirming' })
  fingerprint!: string;
}
