import type { SiteTunnelState } from '@app/persistence';
import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsNumber, IsString, Length, Matches, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { NullableMember, OptionalMember } from '../http/optional-member.decorator.js';
import { SortBy, SortedPageQuery } from '../http/sorted-page.dto.js';
import { ApiTagPairs, IsTags } from './tags.js';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Lines of text; no other control and no bidirectional formatting characters. */
export const PLAIN_TEXT = /^(?:[^\p{Cc}\p{Bidi_Control}]|[\n\t])*$/u;
const plainMessage = '$property must have no characters for control or for the writing direction';
const TUNNEL_STATES = ['up', 'down', 'never'] as const satisfies SiteTunnelState[];

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

/** Given together or not at all. */
const WithOther = (other: 'latitude' | 'longitude'): PropertyDecorator =>
  ValidateIf((location: NewSiteLocation, value) => value !== undefined || location[other] !== undefined);

export class NewSiteLocation {
  @ApiProperty({ required: false, minLength: 1, maxLength: 500, example: 'Hafenstraße 1, 20457 Hamburg' })
  @OptionalMember()
  @Transform(trimmed)
  @IsString()
  @Length(1, 500)
  @Matches(PLAIN_TEXT, { message: plainMessage })
  address?: string;

  @ApiProperty({ required: false, minimum: -90, maximum: 90, description: 'degrees, WGS 84, with longitude' })
  @WithOther('longitude')
  @IsNumber()
  @Min(-90)
  @Max(90)
  latitude?: number;

  @ApiProperty({ required: false, minimum: -180, maximum: 180, description: 'degrees, WGS 84, with latitude' })
  @WithOther('latitude')
  @IsNumber()
  @Min(-180)
  @Max(180)
  longitude?: number;
}

export class NewSite {
  @ApiProperty({ example: 'Hamburg Süd', minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;

  @ApiProperty({
    required: false,
    example: 'hamburg-sued',
    pattern: LABEL.source,
    description: 'proposed from the name when absent; it is part of every stream URL and never changes',
  })
  @OptionalMember()
  @IsString()
  @Matches(LABEL, { message: '$property must be an ASCII label: a–z, 0–9 and inner hyphens' })
  label?: string;

  @OptionalMember()
  @IsTags({ removable: false, required: false })
  tags?: Record<string, string>;

  @ApiProperty({ type: NewSiteLocation, required: false, nullable: true })
  @NullableMember()
  @ValidateNested()
  @Type(() => NewSiteLocation)
  location?: NewSiteLocation | null;

  @ApiProperty({ type: String, required: false, nullable: true, minLength: 1, maxLength: 4_000 })
  @NullableMember()
  @IsString()
  @Length(1, 4_000)
  @Matches(PLAIN_TEXT, { message: plainMessage })
  notes?: string | null;
}

/** Members that are absent stay as they are. */
export class SiteChanges {
  @ApiProperty({ required: false, minLength: 1, maxLength: 200 })
  @OptionalMember()
  @IsDisplayName()
  name?: string;

  @OptionalMember()
  @IsTags({ removable: true, required: false })
  tags?: Record<string, string | null>;

  @ApiProperty({ type: NewSiteLocation, required: false, nullable: true, description: 'replaced as a whole' })
  @NullableMember()
  @ValidateNested()
  @Type(() => NewSiteLocation)
  location?: NewSiteLocation | null;

  @ApiProperty({ type: String, required: false, nullable: true, minLength: 1, maxLength: 4_000 })
  @NullableMember()
  @IsString()
  @Length(1, 4_000)
  @Matches(PLAIN_TEXT, { message: plainMessage })
  notes?: string | null;
}

export class SiteQuery extends SortedPageQuery {
  @SortBy('createdAt', 'createdAt', 'name', 'tunnelSince')
  sort: string = 'createdAt';

  @ApiProperty({ required: false, minLength: 1, maxLength: 200, description: 'part of the name or label' })
  @OptionalMember()
  @IsString()
  @Length(1, 200)
  q?: string;

  @ApiProperty({ required: false, enum: TUNNEL_STATES })
  @OptionalMember()
  @IsIn(TUNNEL_STATES)
  tunnelState?: SiteTunnelState;

  @ApiProperty({
    required: false,
    maxLength: 2_000,
    example: 'region=north,tier!=gold,critical,!retired',
    description: 'conditions on tags, all of which hold: a value, not a value, a key, not a key',
  })
  @OptionalMember()
  @IsString()
  @Length(1, 2_000)
  tagSelector?: string;
}

export class SiteTunnel {
  @ApiProperty({ enum: TUNNEL_STATES })
  state!: SiteTunnelState;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  since!: string | null;
}

export class SiteLocation {
  @ApiProperty({ type: String, nullable: true })
  address!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  latitude!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  longitude!: number | null;
}

export class Site {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  label!: string;

  @ApiTagPairs({ removable: false, required: true })
  tags!: Record<string, string>;

  @ApiProperty({ type: SiteLocation, nullable: true })
  location!: SiteLocation | null;

  @ApiProperty({ type: String, nullable: true })
  notes!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ example: 'directory.hamburg-sued.tunnel.adit.internal' })
  tunnelAddress!: string;

  @ApiProperty({ type: SiteTunnel })
  tunnel!: SiteTunnel;
}
