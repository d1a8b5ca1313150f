import { DomainError } from '@app/contracts';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { ApiRequest } from '../http/request.js';
import { PUBLIC } from '../session/public.decorator.js';
import { ANY_SIGNED_IN } from './any-signed-in.decorator.js';
import type { Permission } from './permission.js';
import { RefusedRequests } from './refused-requests.js';
import { REQUIRED_PERMISSION } from './requires.decorator.js';

/** Refuses by default: a route is open to whom its mark says, and one without a mark to nobody. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(RefusedRequests) private readonly refusals: RefusedRequests,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const marks = [context.getHandler(), context.getClass()];
    if (this.reflector.get<boolean | undefined>(PUBLIC, context.getHandler())) return true;
    const needed = this.reflector.get<Permission[] | undefined>(REQUIRED_PERMISSION, context.getHandler());
    if (needed === undefined && this.reflector.getAllAndOverride<boolean | undefined>(ANY_SIGNED_IN, marks)) {
      return true;
    }
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const permission = needed?.find((each) => !request.caller?.permissions.has(each));
    if (needed !== undefined && permission === undefined) return true;
    await this.refusals.access(request, { permission: permission ?? 'none that anybody has' });
    throw new DomainError(
      'forbidden',
      permission === undefined ? 'this route is open to nobody' : `the permission ${permission} is needed`,
    );
  }
}
