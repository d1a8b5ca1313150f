import { DomainError, type ErrorBody } from '@app/contracts';
import { Catch, Inject, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import type { AppLogger } from '../logger.js';
import { LOGGER } from '../tokens.js';

/** Domain errors cross as they are; anything else crosses as `internal`, its cause in this app's log only. */
@Catch()
export class RpcErrorFilter implements RpcExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: AppLogger) {}

  catch(exception: unknown): Observable<never> {
    return throwError(() => this.body(exception));
  }

  private body(exception: unknown): ErrorBody {
    if (exception instanceof DomainError) {
      const { retryAfterMs, hop, fields } = exception.options;
      return {
        code: exception.code,
        detail: exception.detail,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(hop === undefined ? {} : { hop }),
        ...(fields === undefined ? {} : { fields }),
      };
    }
    this.logger.error({ err: exception }, 'a message handler failed');
    return { code: 'internal', detail: 'the request failed: the log of the app that was asked has the cause' };
  }
}
