import type { AppLogger } from '@app/runtime';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { ApiRequest } from './request.js';

const ACCEPTED = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives each request its id, the caller's own where it is harmless, and logs the outcome under it. The query is never logged. */
export const correlation =
  (logger: AppLogger): RequestHandler =>
  (request: Request, response: Response, next: NextFunction) => {
    const given = request.header('x-request-id') ?? '';
    const correlationId = ACCEPTED.test(given) ? given : randomUUID();
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
