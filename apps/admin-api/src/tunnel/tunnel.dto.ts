import { ApiProperty } from '@nestjs/swagger';

export class Tunnel {
  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ format: 'uuid' })
  sessionId!: string;

  @ApiProperty({ enum: ['up', 'stale', 'down'], description: '`stale`: its broker has been silent for 15 s' })
  state!: 'up' | 'stale' | 'down';

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiProperty({ example: '203.0.113.7:51034' })
  remoteAddress!: string;

  @ApiProperty()
  agentVersion!: string;

  @ApiProperty({ example: 'linux-x64' })
  platform!: string;

  @ApiProperty({ type: Number, nullable: true })
  rttMs!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'the agent’s clock minus the broker’s' })
  clockSkewMs!: number | null;

  @ApiProperty({ format: 'uuid' })
  brokerId!: string;

  @ApiProperty({ type: String, nullable: true, description: 'why it went down' })
  closeReason!: string | null;
}

export class TunnelSession {
  @ApiProperty({ format: 'uuid' })
  sessionId!: string;

  @ApiProperty({ format: 'date-time' })
  openedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  closeReason!: string | null;

  @ApiProperty()
  remoteAddress!: string;

  @ApiProperty()
  agentVersion!: string;
}
