import { ApiProperty } from '@nestjs/swagger';

export class OutageFault {
  @ApiProperty({ example: 'dns-failed', description: 'as the agent’s log names it' })
  code!: string;

  @ApiProperty({ description: 'host:port; empty for a fault of the site itself' })
  endpoint!: string;

  @ApiProperty()
  detail!: string;

  @ApiProperty({ description: 'attempts that failed so' })
  count!: number;

  @ApiProperty({ format: 'date-time' })
  firstAt!: string;

  @ApiProperty({ format: 'date-time' })
  lastAt!: string;
}

export class OutageAtHost {
  @ApiProperty({ format: 'date-time' })
  from!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: it lasts' })
  to!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'why the session before it ended: a word of docs/errors.md',
  })
  reason!: string | null;
}

export class OutageAtSite {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time', description: 'by the host’s clock' })
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'by the host’s clock' })
  to!: string;

  @ApiProperty({ example: 'peer-silent', description: 'why the tunnel ended, as the agent has seen it' })
  cause!: string;

  @ApiProperty({ type: [OutageFault], description: 'what kept the agent from coming back' })
  faults!: OutageFault[];

  @ApiProperty({ description: 'of the agent’s process meanwhile' })
  restarts!: number;

  @ApiProperty({ description: 'by how much the clock of the machine was set meanwhile' })
  clockJumpMs!: number;

  @ApiProperty({ format: 'date-time' })
  reportedAt!: string;
}

export class OutageSeen {
  @ApiProperty({ format: 'date-time', description: 'as the host has seen it, else as the site has' })
  from!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: it lasts' })
  to!: string | null;

  @ApiProperty({ type: OutageAtHost, nullable: true, description: 'null: no broker has noticed' })
  host!: OutageAtHost | null;

  @ApiProperty({ type: OutageAtSite, nullable: true, description: 'null: the site has not told, or not yet' })
  site!: OutageAtSite | null;
}
