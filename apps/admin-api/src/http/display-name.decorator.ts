import { displayName } from '@app/contracts';
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

const trimmed = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

const message =
  '$property must be a text of 1 to 200 characters, none of them for control or for the writing direction';

/** A person's name for a thing, by the rule of the messages that carry it on: what passes here must not fail there. */
export const IsDisplayName = (): PropertyDecorator =>
  applyDecorators(
    Transform(trimmed),
    ValidateBy({
      name: 'isDisplayName',
      validator: { validate: (value) => displayName.safeParse(value).success, defaultMessage: () => message },
    }),
  );
