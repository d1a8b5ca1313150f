import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { networkOf } from './network.js';
import { RateLimit } from './rate-limit.js';

/** Requests of one address, whoever they say they are: counted before a body is read and a token looked up. */
export const addressLimit = (quota: number): RequestHandler => {
  const limit = new RateLimit('address', quota);
  return async (request: Request, response: Response, next: NextFunction) => {
    await limit.take(networkOf(request.ip ?? ''), response);
    next();
  };
};
