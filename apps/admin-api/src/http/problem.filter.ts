import { DomainError, type ErrorCode } from '@app/contracts';
import { type AppLogger, LOGGER } from '@app/runtime';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Problem } from './problem.dto.js';
import type { ApiRequest } from './request.js';

const BY_STATUS: Record<number, [ErrorCode, string]> = {
  400: ['invalid-request', 'the request cannot be read'],
  404: ['not-found', 'there is nothing at this address'],
  413: ['payload-too-large', 'the body is over 64 KiB'],
  415: ['unsupported-media-type', 'send application/json in UTF-8, not compressed'],
};

/** Every failure of this app becomes one RFC 9457 document; what was not foreseen is `internal`, its cause in the log only. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: AppLogger) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<ApiRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toDomainError(exception);
    if (error.code === 'internal') {
      this.logger.error({ err: exception, correlationId: request.correlationId }, 'a request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { retryAfterMs } = error.options;
    if (retryAfterMs !== undefined) response.setHeader('Retry-After', String(Math.ceil(retryAfterMs / 1_000)));
    if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="adit"');
    response
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify(toProblem(error, request)));
  }
}

const toProblem = ({ code, status, detail, options }: DomainError, request: ApiRequest): Problem => ({
  type: `urn:adit:error:${code}`,
  title: `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('-', ' ')}`,
  status,
  code,
  detail,
  instance: request.originalUrl.split('?')[0] ?? '/',
  correlationId: request.correlationId,
  ...(options.hop ? { hop: options.hop } : {}),
  ...(options.fields ? { errors: options.fields } : {}),
});

const toDomainError = (exception: unknown): DomainError => {
  if (exception instanceof DomainError) return exception;
  const known = BY_STATUS[statusOf(exception) ?? 500];
  if (known) return new DomainError(known[0], known[1], { cause: exception });
  return new DomainError('internal', 'the request failed; the log has the cause under the correlation id', {
    cause: exception,
  });
};

/** Nest's own exceptions and those of the body reader tell their status in different places. */
const statusOf = (exception: unknown): number | undefined => {
  const { status } = exception as { status?: unknown };
  const { getStatus } = exception as { getStatus?: unknown };
  const value: unknown = typeof getStatus === 'function' ? getStatus.call(exception) : status;
  return typeof value === 'number' ? value : undefined;
};
