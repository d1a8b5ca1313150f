import { ApiProperty } from '@nestjs/swagger';
import { Matches, MaxLength, MinLength } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { IsInstant, TimeRangeQuery } from '../http/time-range.dto.js';

const ACTION = /^[a-z]+(?:-[a-z]+)*\.(?:\*|[a-z]+(?:-[a-z]+)*)$/;
/** A place in the chain, as `verification` answers it. */
const HEAD = /^\d{1,15}:[0-9a-f]{64}$/;

export class AuditQuery extends TimeRangeQuery {
  @ApiProperty({ required: false, maxLength: 200, example: 'operator:admin' })
  @OptionalMember()
  @MinLength(1)
  @MaxLength(200)
  actor?: string;

  @ApiProperty({ required: false, example: 'keyfile.issued', description: 'or all of a family: `keyfile.*`' })
  @OptionalMember()
  @MaxLength(100)
  @Matches(ACTION, { message: '$property must be an action, e.g. keyfile.issued, or a family, e.g. keyfile.*' })
  action?: string;

  @ApiProperty({ required: false, maxLength: 200, description: 'id of what it happened to' })
  @OptionalMember()
  @MinLength(1)
  @MaxLength(200)
  subject?: string;
}

export class AuditExportQuery {
  @ApiProperty({ required: false, format: 'date-time' })
  @OptionalMember()
  @IsInstant()
  from?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'not included' })
  @OptionalMember()
  @IsInstant()
  to?: string;
}

export class AuditVerificationQuery {
  @ApiProperty({
    required: false,
    example: `4711:${'0'.repeat(64)}`,
    description: 'a `head` that was kept earlier, as `seq:hash`: it has to be in the chain still',
  })
  @OptionalMember()
  @Matches(HEAD, { message: '$property must be seq:hash, the hash in 64 hexadecimal digits' })
  since?: string;
}

export class AuditEvent {
  @ApiProperty({ description: 'its number in the chain of the tenant' })
  seq!: number;

  @ApiProperty({ format: 'date-time', description: 'with microseconds' })
  at!: string;

  @ApiProperty({ example: 'operator:admin', description: '`operator:<name>`, `agent:<id>`, `system`, `unknown`' })
  actor!: string;

  @ApiProperty({ example: 'keyfile.issued' })
  action!: string;

  @ApiProperty({ description: 'id of what it happened to' })
  subject!: string;

  @ApiProperty({ description: 'the login of the database by which it was written' })
  by!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  details!: Record<string, unknown>;

  @ApiProperty({ description: 'SHA-256 of the chain up to here, hexadecimal' })
  hash!: string;
}

export class AuditHead {
  @ApiProperty()
  seq!: number;

  @ApiProperty()
  hash!: string;
}

export class AuditFault {
  @ApiProperty({ description: 'the first row that is not as it was written' })
  seq!: number;

  @ApiProperty({
    enum: ['gap', 'prev-mismatch', 'hash-mismatch', 'body-mismatch', 'head-mismatch', 'since-mismatch'],
  })
  fault!: string;
}

export class AuditVerification {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ description: 'rows that were read' })
  rows!: number;

  @ApiProperty({ type: AuditHead, nullable: true, description: 'the last good row: keep it outside of the platform' })
  head!: AuditHead | null;

  @ApiProperty({ type: AuditFault, nullable: true })
  bad!: AuditFault | null;
}
