import { ApiProperty } from '@nestjs/swagger';

export class WaitingAgent {
  @ApiProperty({ format: 'uuid' })
  agentId!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty({ example: 'hamburg-sued' })
  siteLabel!: string;

  @ApiProperty({ description: 'of the certificate that the agent showed last' })
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
