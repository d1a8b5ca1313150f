import { agentState, type AgentState, certificateState, type CertificateState } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { SitePageQuery } from '../http/site-page.dto.js';

const DAY_SECONDS = 86_400;

export class AgentPageQuery extends SitePageQuery {
  @ApiProperty({ required: false, enum: agentState.options })
  @OptionalMember()
  @IsIn(agentState.options)
  state?: AgentState;
}

/** Why; kept in the audit. */
export class AgentOrder {
  @ApiProperty({ required: false, maxLength: 200 })
  @OptionalMember()
  @IsString()
  @MaxLength(200)
  reason?: string;
}

export class ReturnApproval {
  @ApiProperty({ required: false, minimum: 60, maximum: 7 * DAY_SECONDS, default: DAY_SECONDS })
  @OptionalMember()
  @IsInt()
  @Min(60)
  @Max(7 * DAY_SECONDS)
  validForSeconds?: number;
}

export class AgentCertificateInUse {
  @ApiProperty()
  serial!: string;

  @ApiProperty({ format: 'date-time' })
  notAfter!: string;

  @ApiProperty({ description: 'its end has passed: the agent needs an approved return' })
  expired!: boolean;
}

export class Agent {
  @ApiProperty({ format: 'uuid' })
  agentId!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ enum: agentState.options })
  state!: AgentState;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  activatedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lockedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: '`stale-certificate`: a copy of the agent’s state was used',
  })
  lockReason!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;

  @ApiProperty({ type: AgentCertificateInUse, nullable: true })
  certificate!: AgentCertificateInUse | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'the agent’s clock minus the broker’s, at the newest session',
  })
  clockSkewMs!: number | null;

  @ApiProperty({ type: String, nullable: true })
  agentVersion!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSeenAt!: string | null;
}

export class AgentCertificate {
  @ApiProperty()
  serial!: string;

  @ApiProperty({ minimum: 1, description: 'counts the certificates of the agent' })
  generation!: number;

  @ApiProperty({ enum: certificateState.options })
  state!: CertificateState;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'serial of the one before; null when it came of a keyfile',
  })
  renews!: string | null;

  @ApiProperty({ format: 'date-time' })
  notBefore!: string;

  @ApiProperty({ format: 'date-time' })
  notAfter!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  activatedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  supersededAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}
