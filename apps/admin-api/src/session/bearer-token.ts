import { createHash, randomBytes } from 'node:crypto';

/** Secret scanners find a lost token by it; an issuer of another deployment has the same. */
export const API_TOKEN_PREFIX = 'adit_';

const FORM = /^Bearer ((?:adit_)?[A-Za-z0-9_-]{43})$/i;
const SESSION = /^[A-Za-z0-9_-]{43}$/;

/** 32 random bytes, base64url; the database keeps only its SHA-256. */
export const newToken = (): string => randomBytes(32).toString('base64url');

export const newApiToken = (): string => API_TOKEN_PREFIX + newToken();

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/** The token of an Authorization header; undefined for any other form. */
export const tokenOf = (authorization: string | undefined): string | undefined => FORM.exec(authorization ?? '')?.[1];

/** The two differ in length, so that none can be taken for the other. */
export const isApiToken = (token: string): boolean => !SESSION.test(token);
