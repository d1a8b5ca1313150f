import { auditContext } from '@app/persistence';
import { type AppLogger, requestIdOf } from '@app/runtime';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { ApiRequest } from './request.js';

/** Gives each request its id, the caller's own where it is harmless, and logs the outcome under it. The query is never logged. */
export const correlation =
  (logger: AppLogger): RequestHandler =>
  (request: Request, response: Response, next: NextFunction) => {
    const correlationId = requestIdOf(request.header('x-request-id'));
    (request as ApiRequest).correlationId = correlationId;
    response.setHeader('X-Request-Id', correlationId);
    const startedAt = performance.now();
    const { method, path } = request;
    response.once('finish', () => {
      const ms = Math.round(performance.now() - startedAt);
      const level = method === 'GET' && response.statusCode < 400 ? 'debug' : 'info';
      logger[level]({ correlationId, method, path, status: response.statusCode, ms }, 'request');
    });
    next();
  };

/** Writes the request's id into every audit row that the request makes. Stands behind the readers of the body, which lose the context. */
export const auditUnderRequestId = (request: Request, _response: Response, next: NextFunction): void =>
  auditContext.run({ correlationId: (request as ApiRequest).correlationId }, next);
