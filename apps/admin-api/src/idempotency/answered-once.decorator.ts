import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const ANSWERED_ONCE = Symbol('answered-once');
/** In the OpenAPI document: members that are null when a request is repeated. */
export const ANSWERED_ONCE_EXTENSION = 'x-answered-once';

/**
 * Members of the answer that hold secrets: they are shown with the first answer and kept nowhere; a repetition with the
 * same Idempotency-Key answers null there. The document says so by itself.
 */
export const AnsweredOnce = (...members: [string, ...string[]]): MethodDecorator =>
  applyDecorators(SetMetadata(ANSWERED_ONCE, members), ApiExtension(ANSWERED_ONCE_EXTENSION, members));
