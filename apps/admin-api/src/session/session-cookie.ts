import { parseCookie } from 'cookie';
import type { CookieOptions, Request, Response } from 'express';
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Over https the `__Host-` prefix keeps other hosts of the domain from planting one. Plain http is served on loopback
 * alone, where browsers take neither the prefix nor `Secure`.
 */
export const cookieName = (request: Request, purpose: string): string =>
  request.secure ? `__Host-adit-${purpose}` : `adit-${purpose}`;

export const readCookie = (request: Request, purpose: string): string | undefined =>
  parseCookie(request.headers.cookie ?? '')[cookieName(request, purpose)];

/** @param expiresAt past for one to be removed */
export const writeCookie = (
  request: Request,
  response: Response,
  purpose: string,
  value: string,
  options: { sameSite: 'strict' | 'lax'; expiresAt: Date },
): void => {
  const { sameSite, expiresAt } = options;
  const attributes: CookieOptions = { httpOnly: true, secure: request.secure, sameSite, path: '/', expires: expiresAt };
  response.cookie(cookieName(request, purpose), value, attributes);
};

const SESSION = 'session';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export const sessionTokenOf = (request: Request): string | undefined => {
  const token = readCookie(request, SESSION);
  return token !== undefined && TOKEN.test(token) ? token : undefined;
};

export const setSessionCookie = (request: Request, response: Response, token: string, expiresAt: Date): void =>
  writeCookie(request, response, SESSION, token, { sameSite: 'strict', expiresAt });

export const clearSessionCookie = (request: Request, response: Response): void =>
  writeCookie(request, response, SESSION, '', { sameSite: 'strict', expiresAt: new Date(0) });

/** Bound to the session by its token, which scripts cannot read and nothing else tells. */
export const csrfTokenOf = (sessionToken: string): string =>
  createHmac('sha256', sessionToken).update('csrf-v1').digest('base64url');

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @returns what makes a request with this session's cookie one that may come from another site; undefined for none */
export const foreignTrait = (request: Request, csrfToken: string): string | undefined => {
  if (SAFE.has(request.method)) return undefined;
  if (!isOwnOrigin(request, request.header('origin'))) return 'its Origin is not this host’s';
  if (!isSame(request.header('x-csrf-token') ?? '', csrfToken)) return 'X-CSRF-Token is missing or not this session’s';
  return undefined;
};

/** The browser's own word for where a request comes from; no script can set it. */
export const isOwnOrigin = (request: Request, origin: string | undefined): boolean =>
  origin !== undefined && origin === `${request.protocol}://${request.host}`;

const isSame = (given: string, expected: string): boolean =>
  given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
