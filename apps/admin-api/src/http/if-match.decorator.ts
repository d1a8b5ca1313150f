import { DomainError, type IfMatch } from '@app/contracts';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ApiRequest } from './request.js';

const TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,100}"$/;
const MAX_TAGS = 20;

/** @throws DomainError `invalid-request` when it is no list of entity tags (RFC 9110, 13.1.1) */
export const parseTags = (header: string | undefined, name: string): IfMatch => {
  if (header === undefined) return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  if (header.trim() === '*') return ['*'];
  if (tags.length <= MAX_TAGS && tags.every((tag) => TAG.test(tag))) return tags;
  throw new DomainError('invalid-request', `${name} is not a list of entity tags`, {
    fields: [{ pointer: `/${name}`, detail: 'the ETag of an answer, with its quotes' }],
  });
};

/** The tags of If-Match, for the service to require with the row locked. Needs `@Tagged` on the method. */
export const IfMatchOf = createParamDecorator((_: unknown, context: ExecutionContext): IfMatch =>
  parseTags(context.switchToHttp().getRequest<ApiRequest>().header('if-match'), 'If-Match'),
);
