import { streamUsage } from '@app/contracts';
import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { IsIn, MaxLength, MinLength } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { OptionalUuid } from '../http/uuid.decorator.js';

const TRANSPORTS = ['tcp', 'udp', 'multicast', 'mse', 'hls', 'webrtc'] as const;
const KINDS = ['live', 'playback'] as const;

class StreamSelection {
  @OptionalUuid()
  siteId?: string;

  @OptionalUuid()
  cameraId?: string;

  @ApiProperty({ required: false, maxLength: 200, example: 'operator:admin', description: 'with his API tokens' })
  @OptionalMember()
  @MinLength(1)
  @MaxLength(200)
  user?: string;
}

export class StreamQuery extends IntersectionType(PageQuery, StreamSelection) {
  @ApiProperty({ required: false, enum: TRANSPORTS })
  @OptionalMember()
  @IsIn(TRANSPORTS)
  transport?: (typeof TRANSPORTS)[number];

  @ApiProperty({ required: false, enum: KINDS })
  @OptionalMember()
  @IsIn(KINDS)
  kind?: (typeof KINDS)[number];
}

/** All that is given must hold; something must be given. */
export class StreamsToEnd extends StreamSelection {}

export class EndedStreams {
  @ApiProperty({ description: 'streams that were ended' })
  ended!: number;
}

export class StreamFigures {
  @ApiProperty({ description: 'sent to the viewer' })
  bytes!: number;

  @ApiProperty({ description: 'pictures and pieces of sound that were sent' })
  units!: number;

  @ApiProperty({ description: 'those that were left out because the viewer was behind' })
  droppedUnits!: number;

  @ApiProperty()
  dropEpisodes!: number;

  @ApiProperty({ description: 'on their way to the viewer' })
  backlogBytes!: number;

  @ApiProperty({ description: 'time in which nothing came that should have; not of HLS and recordings' })
  stalledSeconds!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'from PLAY to the first keyframe' })
  firstFrameMs!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'how far the viewer is behind, where it tells' })
  lagMs!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'packets that the network lost, 0 to 1, where the viewer tells',
  })
  lossFraction!: number | null;
}

export class RunningStream {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'operator:admin', description: 'whom its ticket was issued to' })
  user!: string;

  @ApiProperty({ description: 'of the user: 1 is the highest, 254 the lowest' })
  level!: number;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ format: 'uuid' })
  cameraId!: string;

  @ApiProperty({ description: 'the `<camera>` of its URL' })
  camera!: string;

  @ApiProperty({ enum: streamUsage.options })
  usage!: string;

  @ApiProperty({ enum: KINDS })
  kind!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'revoke it to keep the viewer out' })
  ticketId!: string | null;

  @ApiProperty({ enum: TRANSPORTS })
  transport!: string;

  @ApiProperty({ description: 'the RTSP connection is inside TLS' })
  encrypted!: boolean;

  @ApiProperty({
    example: 'best-available',
    description: '`best-available`, `client-choice`, or why the better transport that was asked for was refused',
  })
  reason!: string;

  @ApiProperty({ type: String, nullable: true, description: 'that better transport' })
  fallbackFrom!: string | null;

  @ApiProperty({ example: '203.0.113.7' })
  remoteAddress!: string;

  @ApiProperty({ type: String, nullable: true, description: 'as the player names itself' })
  client!: string | null;

  @ApiProperty({ format: 'uuid' })
  redirectorId!: string;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ type: StreamFigures })
  figures!: StreamFigures;

  @ApiProperty({ format: 'date-time', description: 'when the figures were true' })
  figuresAt!: string;
}

export class Quantiles {
  @ApiProperty()
  p50!: number;

  @ApiProperty()
  p95!: number;
}

export class StreamHop {
  @ApiProperty({ description: 'from a picture’s sending at the site to its acknowledgement' })
  ackP50Ms!: number;

  @ApiProperty()
  ackP95Ms!: number;

  @ApiProperty({ description: 'the quickest of them' })
  roundTripMs!: number;

  @ApiProperty({ description: 'sent and not acknowledged' })
  inFlightBytes!: number;

  @ApiProperty({ description: 'left out by the site because the way was too narrow, since the link is open' })
  droppedUnits!: number;

  @ApiProperty()
  dropEpisodes!: number;
}

export class StreamQuality {
  @ApiProperty()
  windowSeconds!: number;

  @ApiProperty()
  viewersStarted!: number;

  @ApiProperty({ type: Quantiles, nullable: true, description: 'from a viewer’s PLAY to its first keyframe' })
  firstFrameMs!: Quantiles | null;

  @ApiProperty({ description: 'over all viewers' })
  watchedSeconds!: number;

  @ApiProperty({ description: 'of these, without anything new' })
  stalledSeconds!: number;

  @ApiProperty({ type: Quantiles, nullable: true, description: 'from the site to the redirector' })
  delayMs!: Quantiles | null;
}

export class CameraStreamSource {
  @ApiProperty({ enum: streamUsage.options })
  usage!: string;

  @ApiProperty({ format: 'uuid' })
  redirectorId!: string;

  @ApiProperty({ enum: ['idle', 'opening', 'up', 'reconnecting', 'closed'] })
  state!: string;

  @ApiProperty({ type: String, nullable: true, description: 'why it is not up; a word of docs/errors.md' })
  lastError!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  upSeconds!: number | null;

  @ApiProperty()
  reconnects!: number;

  @ApiProperty()
  viewers!: number;

  @ApiProperty()
  bytes!: number;

  @ApiProperty({ description: 'kept for viewers that come' })
  cacheBytes!: number;

  @ApiProperty({ description: 'RTP packets that never came' })
  lostPackets!: number;

  @ApiProperty({ description: 'how often the way was too narrow and pictures were left out' })
  discontinuities!: number;

  @ApiProperty()
  bitsPerSecond!: number;

  @ApiProperty()
  framesPerSecond!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'frames from keyframe to keyframe' })
  gopFrames!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  secondsSinceKeyframe!: number | null;

  @ApiProperty()
  jitterMs!: number;

  @ApiProperty({
    type: Quantiles,
    nullable: true,
    description: 'from the site to the redirector, of the last pictures',
  })
  delayMs!: Quantiles | null;

  @ApiProperty({ type: StreamHop, nullable: true, description: 'null for sites that do not tell' })
  hop!: StreamHop | null;

  @ApiProperty({ type: StreamQuality, nullable: true, description: 'null when nobody has watched of late' })
  quality!: StreamQuality | null;

  @ApiProperty({ format: 'date-time' })
  figuresAt!: string;
}

export class CameraStreams {
  @ApiProperty({
    type: [CameraStreamSource],
    description: 'by usage and redirector; empty when nobody has watched of late',
  })
  sources!: CameraStreamSource[];
}
