import type { NextFunction, Request, Response } from 'express';

/** Everything this app serves is its own: the API's JSON and the page that documents it. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export const securityHeaders = (_request: Request, response: Response, next: NextFunction): void => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  next();
};
