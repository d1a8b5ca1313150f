import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  MaxLength,
  ValidateBy,
} from 'class-validator';
import { OptionalMember } from '../http/optional-member.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { EVENT_PATTERNS, isEventPattern } from './webhook-event.js';

const MAX_URL = 2_000;
const MAX_EVENTS = 50;
const STATES = ['pending', 'delivered', 'failed'] as const;

const EVENT_RULE =
  'an action of the audit, a family.*, *, event.received, or event.received:<type> with or without a * at its end';

const IsDescription = (): PropertyDecorator => (target, property) => {
  IsString()(target, property);
  MaxLength(200)(target, property);
};

const AreEvents = (): PropertyDecorator => (target, property) => {
  IsArray()(target, property);
  ArrayMinSize(1)(target, property);
  ArrayMaxSize(MAX_EVENTS)(target, property);
  ArrayUnique()(target, property);
  ValidateBy(
    {
      name: 'isEventPattern',
      validator: {
        validate: (value) => typeof value === 'string' && (EVENT_PATTERNS.includes(value) || isEventPattern(value)),
        defaultMessage: () => `each of $property must be ${EVENT_RULE}`,
      },
    },
    { each: true },
  )(target, property);
};

export class NewWebhook {
  @ApiProperty({ maxLength: MAX_URL, example: 'https://hooks.example/adit' })
  @IsString()
  @MaxLength(MAX_URL)
  url!: string;

  @ApiProperty({
    type: [String],
    example: ['site.offline', 'site.online', 'keyfile.*', 'event.received:alarm.*'],
    maxItems: MAX_EVENTS,
  })
  @AreEvents()
  events!: string[];

  @ApiProperty({ required: false, maxLength: 200, default: '' })
  @OptionalMember()
  @IsDescription()
  description: string = '';
}

export class WebhookChangesBody {
  @ApiProperty({ required: false, maxLength: MAX_URL })
  @OptionalMember()
  @IsString()
  @MaxLength(MAX_URL)
  url?: string;

  @ApiProperty({ required: false, type: [String], maxItems: MAX_EVENTS })
  @OptionalMember()
  @AreEvents()
  events?: string[];

  @ApiProperty({ required: false, maxLength: 200 })
  @OptionalMember()
  @IsDescription()
  description?: string;

  @ApiProperty({ required: false, description: 'on again: what happened meanwhile is not told' })
  @OptionalMember()
  @IsBoolean()
  enabled?: boolean;
}

export class WebhookView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  url!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [String] })
  events!: string[];

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['operator', 'failing', 'gone', null],
    description: '`failing`: for days; `gone`: it answered 410',
  })
  disabledReason!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'no attempt has succeeded since' })
  failingSince!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'the old secret signs too until then',
  })
  previousSecretUntil!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class WebhookWithSecret extends WebhookView {
  @ApiProperty({ example: 'whsec_…', description: 'answered this once' })
  secret!: string;
}

export class DeliveryQuery extends PageQuery {
  @ApiProperty({ required: false, enum: STATES })
  @OptionalMember()
  @IsIn(STATES)
  state?: (typeof STATES)[number];
}

export class WebhookDelivery {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ['audit', 'event'], description: 'what `seq` is a number of' })
  source!: 'audit' | 'event';

  @ApiProperty({ description: 'the row of the audit that it tells of, or the position of the event' })
  seq!: number;

  @ApiProperty({ example: 'site.offline' })
  event!: string;

  @ApiProperty({ enum: STATES })
  state!: (typeof STATES)[number];

  @ApiProperty()
  attempts!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextAttemptAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastAttemptAt!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: 'HTTP status; null without an answer' })
  lastStatus!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'a word of docs/webhooks.md' })
  lastError!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  lastDurationMs!: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  deliveredAt!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}
