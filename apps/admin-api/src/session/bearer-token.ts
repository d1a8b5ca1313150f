import { createHash, randomBytes } from 'node:crypto';

const FORM = /^Bearer ([A-Za-z0-9_-]{43})$/i;

/** 32 random bytes, base64url; the database keeps only its SHA-256. */
export const newToken = (): string => randomBytes(32).toString('base64url');

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/** The token of an Authorization header; undefined for any other form. */
export const tokenOf = (authorization: string | undefined): string | undefined => FORM.exec(authorization ?? '')?.[1];
