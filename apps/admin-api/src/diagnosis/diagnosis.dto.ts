import { roleState } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { HOP_NAMES } from './hops.js';
import { OutageSeen } from './outage.dto.js';
import { SITE_STATES, VERDICT_CODES } from './verdict-codes.js';

const toInteger = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class DiagnosisQuery {
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 100, default: 20, description: 'of `outages`' })
  @OptionalMember()
  @Transform(toInteger)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;
}

export class Verdict {
  @ApiProperty({ enum: SITE_STATES })
  state!: string;

  @ApiProperty({ enum: VERDICT_CODES, description: 'a word of docs/diagnosis.md' })
  code!: string;

  @ApiProperty()
  detail!: string;

  @ApiProperty({ description: 'what to do' })
  advice!: string;
}

export class LastEnd {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'a word of docs/errors.md' })
  reason!: string;
}

export class HostView {
  @ApiProperty({ enum: ['up', 'stale', 'down', 'never'], description: '`stale`: nothing was heard for 15 s' })
  tunnel!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null for `never`' })
  since!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'that has, or had, the newest session' })
  brokerId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  agentVersion!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: 'from broker to agent and back; null unless `up`' })
  roundTripMs!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'the agent’s clock minus the broker’s' })
  clockSkewMs!: number | null;

  @ApiProperty({ type: LastEnd, nullable: true, description: 'of the last session that ended' })
  lastEnd!: LastEnd | null;
}

export class RoleView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ description: 'it reaches the site without a tunnel' })
  direct!: boolean;

  @ApiProperty({ enum: roleState.options })
  state!: string;

  @ApiProperty({ type: String, nullable: true, description: 'begins with a word of docs/errors.md' })
  reason!: string | null;

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiProperty({ type: Number, nullable: true })
  clockSkewMs!: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastContactAt!: string | null;
}

export class SiteView {
  @ApiProperty({ format: 'date-time' })
  reportedAt!: string;

  @ApiProperty()
  agentVersion!: string;

  @ApiProperty({ format: 'date-time', description: 'when the process of the agent began' })
  startedAt!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'its clock minus the broker’s, as it says' })
  clockSkewMs!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'where the agent keeps its state' })
  freeBytes!: number | null;
}

export class Uplink {
  @ApiProperty({ type: Number, nullable: true, description: 'in force, as the site says' })
  limitBitsPerSecond!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'measured by the site; null while it was never full' })
  capacityBitsPerSecond!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'measured by the site' })
  roundTripMs!: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'when the site said so' })
  reportedAt!: string | null;

  @ApiProperty({ description: 'what redirectors take of the site’s cameras now' })
  videoBitsPerSecond!: number;
}

export class HopView {
  @ApiProperty({ enum: HOP_NAMES })
  name!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'a round trip; null where nothing was measured of late' })
  ms!: number | null;

  @ApiProperty()
  expectedMs!: number;
}

export class TroubledCamera {
  @ApiProperty({ format: 'uuid' })
  cameraId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['offline', 'unknown'] })
  state!: string;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ format: 'date-time' })
  since!: string;
}

export class TroubledStream {
  @ApiProperty({ format: 'uuid' })
  cameraId!: string;

  @ApiProperty()
  usage!: string;

  @ApiProperty()
  state!: string;

  @ApiProperty({ type: String, nullable: true, description: 'a word of docs/errors.md' })
  lastError!: string | null;
}

export class CameraSummary {
  @ApiProperty({ type: 'integer' })
  online!: number;

  @ApiProperty({ type: 'integer' })
  offline!: number;

  @ApiProperty({ type: 'integer', description: 'also all of a site without contact' })
  unknown!: number;

  @ApiProperty({ type: [TroubledCamera], maxItems: 100, description: 'those that are not online, offline ones first' })
  troubled!: TroubledCamera[];

  @ApiProperty({
    type: [TroubledStream],
    maxItems: 100,
    description: 'streams that viewers wait for and that do not come',
  })
  streams!: TroubledStream[];
}

export class Diagnosis {
  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: Verdict })
  verdict!: Verdict;

  @ApiProperty({ type: [Verdict], description: 'what else is wrong, the worst first' })
  further!: Verdict[];

  @ApiProperty({ type: HostView })
  host!: HostView;

  @ApiProperty({ type: [RoleView], nullable: true, description: 'null when the federation app does not answer' })
  roles!: RoleView[] | null;

  @ApiProperty({ type: SiteView, nullable: true, description: 'as it told last; null when it never did' })
  site!: SiteView | null;

  @ApiProperty({ type: [OutageSeen], description: 'newest first, as both ends have seen them' })
  outages!: OutageSeen[];

  @ApiProperty({ type: Uplink })
  uplink!: Uplink;

  @ApiProperty({ type: [HopView] })
  hops!: HopView[];

  @ApiProperty({
    type: String,
    enum: HOP_NAMES,
    nullable: true,
    description: 'the one furthest beyond what is expected',
  })
  slowHop!: string | null;

  @ApiProperty({ type: CameraSummary })
  cameras!: CameraSummary;
}
