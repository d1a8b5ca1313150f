import { authorityCertificate, rotationStep } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';

const MAX_REVISION = 2 ** 31 - 1;

export class RotationStart {
  @ApiProperty({
    required: false,
    minimum: 1,
    description: 'take the step only when the authority is at this revision',
  })
  @OptionalMember()
  @IsInt()
  @Min(1)
  @Max(MAX_REVISION)
  revision?: number;
}

/** Two who take a step back at once would take two: a rollback names what it was decided for. */
export class RotationRollback {
  @ApiProperty({ minimum: 1, description: 'the revision of the authority that is taken back' })
  @IsInt()
  @Min(1)
  @Max(MAX_REVISION)
  revision!: number;
}

export class AuthorityCertificate {
  @ApiProperty({ enum: authorityCertificate.shape.role.options })
  role!: string;

  @ApiProperty({ description: 'number of the tree that it belongs to' })
  generation!: number;

  @ApiProperty({ description: 'it issues now' })
  issuing!: boolean;

  @ApiProperty({ description: 'it is accepted now' })
  trusted!: boolean;

  @ApiProperty({ example: '4f0c…' })
  serial!: string;

  @ApiProperty({ description: 'base64url SHA-256 of the DER SubjectPublicKeyInfo' })
  spkiSha256!: string;

  @ApiProperty({ format: 'date-time' })
  notBefore!: string;

  @ApiProperty({ format: 'date-time' })
  notAfter!: string;

  @ApiProperty({ description: 'PEM' })
  pem!: string;
}

export class AuthorityAgents {
  @ApiProperty({ description: 'agents seen in the last 30 days' })
  seen!: number;

  @ApiProperty({ description: 'of these, hold the newest list of roots' })
  acknowledged!: number;

  @ApiProperty({ description: 'of these, have a certificate of the CA that issues now' })
  onIssuingCa!: number;
}

export class AuthorityBrokers {
  @ApiProperty()
  alive!: number;

  @ApiProperty({ description: 'of these, serve with the newest step' })
  current!: number;
}

export class Authority {
  @ApiProperty()
  deployment!: string;

  @ApiProperty({ enum: rotationStep.options, description: 'where the rotation of the CAs is' })
  step!: string;

  @ApiProperty({ description: 'grows with every step' })
  revision!: number;

  @ApiProperty({ description: 'version of the list of roots that agents get' })
  bundleVersion!: number;

  @ApiProperty({ format: 'date-time' })
  changedAt!: string;

  @ApiProperty({ example: 'operator:admin' })
  changedBy!: string;

  @ApiProperty({ type: [AuthorityCertificate] })
  certificates!: AuthorityCertificate[];

  @ApiProperty({ type: AuthorityAgents })
  agents!: AuthorityAgents;

  @ApiProperty({ type: AuthorityBrokers })
  brokers!: AuthorityBrokers;

  @ApiProperty({ description: 'keyfiles that were not used yet and belong to the CAs that do not issue' })
  keyfilesOfOtherTree!: number;
}

export class MissingAgent {
  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty()
  siteName!: string;

  @ApiProperty({ format: 'uuid' })
  agentId!: string;

  @ApiProperty({ format: 'date-time' })
  seenAt!: string;

  @ApiProperty({ description: 'the list of roots that it has said it holds' })
  bundleVersion!: number;

  @ApiProperty({ description: 'its certificate is of a CA that does not issue now' })
  otherCa!: boolean;
}
