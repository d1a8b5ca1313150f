import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

/** A person's name for a thing: trimmed, 1 to 200 characters, no control characters. */
export const IsDisplayName = (): PropertyDecorator =>
  applyDecorators(
    Transform(trimmed),
    IsString(),
    Length(1, 200),
    Matches(/^[^\p{Cc}]*$/u, { message: '$property must not have control characters' }),
  );
