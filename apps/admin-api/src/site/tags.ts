import { DomainError } from '@app/contracts';
import type { TagRequirement } from '@app/persistence';
import { ApiProperty } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { ValidateBy } from 'class-validator';

export const MAX_TAGS = 32;
const MAX_REQUIREMENTS = 16;
const KEY = /^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/;
/** No comma, because it separates conditions; no control and no bidirectional formatting characters. */
const VALUE = /^(?:[^\s,\p{Cc}\p{Bidi_Control}](?:[^,\p{Cc}\p{Bidi_Control}]{0,98}[^\s,\p{Cc}\p{Bidi_Control}])?)?$/u;

export const TAGS_RULE = `at most ${MAX_TAGS} pairs: keys of 1 to 63 of a–z, 0–9 and inner . _ / -, values of up to 100 characters without a comma`;

export const isTags = (value: unknown, allowsNull: boolean): boolean => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const pairs = Object.entries(value);
  return pairs.length <= MAX_TAGS && pairs.every(([key, text]) => KEY.test(key) && isTagValue(text, allowsNull));
};

const isTagValue = (text: unknown, allowsNull: boolean): boolean =>
  text === null ? allowsNull : typeof text === 'string' && VALUE.test(text);

/** Key/value pairs that operators give a site. @param options.removable null as a value takes the tag away */
export const IsTags = (options: { removable: boolean; required: boolean }): PropertyDecorator =>
  applyDecorators(
    ApiTagPairs(options),
    ValidateBy({
      name: 'isTags',
      validator: {
        validate: (value) => isTags(value, options.removable),
        defaultMessage: () => `$property must be ${TAGS_RULE}`,
      },
    }),
  );

export const ApiTagPairs = ({ removable, required }: { removable: boolean; required: boolean }): PropertyDecorator =>
  ApiProperty({
    type: 'object',
    selfRequired: required,
    description: removable ? 'these are set, the others stay; null takes one away' : TAGS_RULE,
    example: { region: 'north' },
    additionalProperties: { type: 'string', maxLength: 100, nullable: removable },
    maxProperties: MAX_TAGS,
  });

/**
 * `region=north,tier!=gold,critical,!retired`: all must hold; a tag that is not there is not any value.
 * @throws DomainError `invalid-request`
 */
export const parseTagSelector = (selector: string): TagRequirement[] => {
  const parts = selector.split(',').map((part) => part.trim());
  const requirements = parts.map(requirementOf);
  if (requirements.length <= MAX_REQUIREMENTS && requirements.every((each) => each !== undefined)) return requirements;
  throw new DomainError('invalid-request', 'the tag selector is not valid', {
    fields: [{ pointer: '/tagSelector', detail: `key=value, key!=value, key or !key, at most ${MAX_REQUIREMENTS}` }],
  });
};

const requirementOf = (part: string): TagRequirement | undefined => {
  const [, denied, key = '', operator, value = ''] = /^(!?)([^=!]+)(?:(!=|=)(.*))?$/.exec(part) ?? [];
  if (!KEY.test(key) || !VALUE.test(value)) return undefined;
  if (operator === undefined) return { key, test: denied ? 'missing' : 'exists', value: '' };
  return denied ? undefined : { key, test: operator === '=' ? 'is' : 'is-not', value };
};
