import { DomainError } from '@app/contracts';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ApiRequest, Caller } from './request.js';

/** The signed-in operator, put there by the authentication guard. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<ApiRequest>();
  if (!caller) throw new DomainError('unauthenticated', 'sign in first');
  return caller;
});
