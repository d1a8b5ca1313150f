import { CONFIG } from '@app/runtime';
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import type { AdminConfig } from '../config.js';
import type { ApiRequest } from '../http/request.js';
import { RateLimit } from './rate-limit.js';

/** Requests of one signed-in caller, from wherever they come. */
@Injectable()
export class CallerLimitInterceptor implements NestInterceptor {
  private readonly limit: RateLimit;

  constructor(@Inject(CONFIG) config: AdminConfig) {
    this.limit = new RateLimit('caller', config.ADIT_HTTP_CALLER_REQUESTS_PER_10_S);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { caller } = context.switchToHttp().getRequest<ApiRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    if (caller) await this.limit.take(`${caller.tenantId} ${caller.actor}`, response);
    return next.handle();
  }
}
