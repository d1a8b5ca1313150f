import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { IsDisplayName } from '../http/display-name.decorator.js';
import { OptionalMember } from '../http/optional-member.decorator.js';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

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
}

export class SiteChanges {
  @ApiProperty({ minLength: 1, maxLength: 200 })
  @IsDisplayName()
  name!: string;
}

export class SiteTunnel {
  @ApiProperty({ enum: ['up', 'down', 'never'] })
  state!: 'up' | 'down' | 'never';

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  since!: string | null;
}

export class Site {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  label!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ example: 'directory.hamburg-sued.tunnel.adit.internal' })
  tunnelAddress!: string;

  @ApiProperty({ type: SiteTunnel })
  tunnel!: SiteTunnel;
}
