import { streamUsage } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';

export class VideoStream {
  @ApiProperty({ enum: streamUsage.options, isArray: true })
  usages!: string[];

  @ApiProperty({ example: 'H264' })
  codec!: string;

  @ApiProperty({ type: Number, nullable: true })
  width!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  height!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  frameRate!: number | null;
}

export class Camera {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ format: 'uuid' })
  roleId!: string;

  @ApiProperty({ description: 'the site’s own key of it' })
  remoteId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'the `<camera>` of its stream URLs' })
  path!: string;

  @ApiProperty({ enum: ['online', 'offline', 'unknown'] })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  stateReason!: string | null;

  @ApiProperty({ type: [VideoStream] })
  streams!: VideoStream[];

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}
