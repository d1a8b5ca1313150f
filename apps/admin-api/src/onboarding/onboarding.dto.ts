import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean } from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { MAX_TAGS } from '../site/tags.js';
import { COLUMNS } from './onboarding-columns.js';

const toBoolean = ({ value }: { value: unknown }): unknown =>
  value === 'true' ? true : value === 'false' ? false : value;

export class OnboardingQuery {
  @ApiProperty({ required: false, default: false, description: 'Check every row and create nothing' })
  @OptionalMember()
  @Transform(toBoolean)
  @IsBoolean()
  dryRun: boolean = false;
}

export class OnboardingRowError {
  @ApiProperty({ description: 'of the sites, from 1; 0 for the file as a whole' })
  row!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'of the CSV file, from 1' })
  line!: number | null;

  @ApiProperty({ example: 'label' })
  column!: string;

  @ApiProperty({ enum: ['malformed', 'missing', 'invalid', 'unknown', 'duplicate', 'taken'] })
  code!: string;

  @ApiProperty()
  detail!: string;
}

export class OnboardingCheck {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ description: 'sites that the batch names' })
  total!: number;

  @ApiProperty({ type: [OnboardingRowError] })
  errors!: OnboardingRowError[];
}

export class Onboarding {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ['running', 'completed', 'cancelled'] })
  state!: string;

  @ApiProperty()
  total!: number;

  @ApiProperty()
  done!: number;

  @ApiProperty()
  failed!: number;

  @ApiProperty()
  waiting!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ example: 'operator:admin' })
  createdBy!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: '`system`, or who cancelled it' })
  finishedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'the keyfiles are erased then' })
  downloadUntil!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'the first download' })
  downloadedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  downloadedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  erasedAt!: string | null;
}

export class StartedOnboarding extends Onboarding {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'opens the keyfiles; made where none was given, and answered this once',
  })
  passphrase!: string | null;
}

export class OnboardingRow {
  @ApiProperty({ description: 'from 1' })
  number!: number;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: String, nullable: true })
  label!: string | null;

  @ApiProperty({ enum: ['waiting', 'done', 'failed', 'cancelled'] })
  state!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  siteId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  keyfileId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  fingerprint!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  errorCode!: string | null;

  @ApiProperty({ type: String, nullable: true })
  errorDetail!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;
}

/** The body as JSON: either `rows`, or `csv` with the text of a file. */
export const ONBOARDING_BODY = {
  schema: {
    type: 'object',
    properties: {
      passphrase: { type: 'string', minLength: 12, maxLength: 1024 },
      csv: { type: 'string', description: `a CSV file with a header: ${COLUMNS.join(', ')}` },
      rows: {
        type: 'array',
        minItems: 1,
        maxItems: 1000,
        items: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string', minLength: 1, maxLength: 200 },
            label: { type: 'string' },
            tags: { type: 'object', additionalProperties: { type: 'string', maxLength: 100 }, maxProperties: MAX_TAGS },
            address: { type: 'string', minLength: 1, maxLength: 500 },
            latitude: { type: 'number', minimum: -90, maximum: 90, description: 'degrees, WGS 84, with longitude' },
            longitude: { type: 'number', minimum: -180, maximum: 180, description: 'degrees, WGS 84, with latitude' },
            notes: { type: 'string', minLength: 1, maxLength: 4_000 },
            validForSeconds: { type: 'integer', minimum: 60, maximum: 2_592_000 },
          },
        },
      },
    },
  },
};
