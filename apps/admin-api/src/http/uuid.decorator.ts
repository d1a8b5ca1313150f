import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { OptionalMember } from './optional-member.decorator.js';

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const IsUuid = (): PropertyDecorator => Matches(UUID, { message: '$property must be a UUID' });

/** The id of something, in a query or body that may do without it. */
export const OptionalUuid = (description?: string): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ required: false, format: 'uuid', ...(description === undefined ? {} : { description }) }),
    OptionalMember(),
    IsUuid(),
  );
