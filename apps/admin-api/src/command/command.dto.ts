import { LOWEST_LEVEL } from '../access/user-level.js';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';

export class OutputCommand {
  @ApiProperty({ description: 'switched on, or off' })
  @IsBoolean()
  active!: boolean;
}

export class RecordingCommand {
  @ApiProperty({ description: 'the site’s recording device begins to record, or ends it' })
  @IsBoolean()
  recording!: boolean;
}

/** The site has done it. */
export class CommandDone {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'ms to the site and back, its device not counted' })
  siteMs!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    nullable: true,
    description: 'ms that the device took; null when it was not asked',
  })
  deviceMs!: number | null;
}

export class PtzPreset {
  @ApiProperty({ description: 'what the action `preset` takes' })
  preset!: string;

  @ApiProperty()
  name!: string;
}

export class PtzHold {
  @ApiProperty({ example: 'operator:anna', description: 'a user of this or of another federation host' })
  user!: string;

  @ApiProperty({ type: 'integer', minimum: 1, maximum: LOWEST_LEVEL, description: '1 is the highest' })
  level!: number;

  @ApiProperty({ format: 'date-time', description: 'by the site’s clock, unless another command comes' })
  until!: string;
}

export class PtzStatus {
  @ApiProperty({ type: [PtzPreset] })
  presets!: PtzPreset[];

  @ApiProperty({ type: PtzHold, nullable: true, description: 'who steers the camera now' })
  hold!: PtzHold | null;

  @ApiProperty({ type: PtzHold, nullable: true, description: 'who has locked the camera' })
  lock!: PtzHold | null;
}
