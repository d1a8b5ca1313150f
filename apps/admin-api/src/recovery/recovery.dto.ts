import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';

const SERIAL = /^[0-9a-f]{1,40}$/;

/** Another certificate that the agent may come with needs an approval of its own. */
export class RecoveryApproval {
  @ApiProperty({ description: 'of the certificate that waits', pattern: SERIAL.source })
  @IsString()
  @Matches(SERIAL)
  serial!: string;
}

export class WaitingAgent {
  @ApiProperty({ format: 'uuid' })
  agentId!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty({ example: 'hamburg-sued' })
  siteLabel!: string;

  @ApiProperty({ description: 'of the certificate that the agent showed' })
  serial!: string;

  @ApiProperty({ example: '203.0.113.7:51034' })
  peerAddress!: string;

  @ApiProperty({ format: 'date-time' })
  requestedAt!: string;
}

export class Recovery {
  @ApiProperty({ format: 'uuid' })
  recoveryId!: string;

  @ApiProperty({ format: 'date-time' })
  backupTakenAt!: string;

  @ApiProperty({ format: 'date-time' })
  restoredAt!: string;

  @ApiProperty({
    enum: ['merged', 'absent'],
    description: '`absent`: nobody knows what was revoked since the backup, so unknown agents wait for an approval',
  })
  journal!: 'merged' | 'absent';

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  closedBy!: string | null;

  @ApiProperty({ description: 'certificates that were put back' })
  recovered!: number;

  @ApiProperty()
  awaitingApproval!: number;

  @ApiProperty({ type: WaitingAgent, isArray: true, maxItems: 200, description: 'the longest waiting, 200 at most' })
  waiting!: WaitingAgent[];
}
