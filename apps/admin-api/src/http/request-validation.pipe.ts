import { DomainError, type FieldError } from '@app/contracts';
import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

const escaped = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1');

/** Each broken rule with the JSON Pointer of its member. */
export const toFields = (errors: readonly ValidationError[], parent = ''): FieldError[] =>
  errors.flatMap(({ property, constraints, children }) => {
    const pointer = `${parent}/${escaped(property)}`;
    const own = Object.values(constraints ?? {}).map((detail) => ({ pointer, detail }));
    return [...own, ...toFields(children ?? [], pointer)];
  });

/** Unknown members are an error, not dropped: a misspelt one would silently do nothing. */
export const requestValidation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (errors) =>
      new DomainError('invalid-request', 'the request is not valid: see errors', { fields: toFields(errors) }),
  });
