import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';

export class Broker {
  @ApiProperty({ format: 'uuid', description: 'of the process: a restarted broker is another one' })
  id!: string;

  @ApiProperty({ example: '10.0.0.7:5580' })
  ingress!: string;

  @ApiProperty({ enum: ['serving', 'draining', 'lost'], description: '`lost`: silent for 15 s' })
  state!: 'serving' | 'draining' | 'lost';

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ format: 'date-time' })
  heartbeatAt!: string;

  @ApiProperty({ description: 'open sessions, of all tenants' })
  sessions!: number;
}

export class BrokerDrainOrder {
  @ApiProperty({ required: false, minimum: 1, maximum: 3_600, default: 60, description: 'what open channels get' })
  @OptionalMember()
  @IsInt()
  @Min(1)
  @Max(3_600)
  deadlineSeconds: number = 60;
}

export class BrokerDraining {
  @ApiProperty({ description: 'sessions that are told to move' })
  sessions!: number;
}
