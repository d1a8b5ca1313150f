import type { SiteAccount } from '../users/rights.js';

/** Checks federation accounts. Caching and equal cost for unknown names are its own. */
export interface UserVerifier {
  /** Undefined: no such account, or a wrong password. @throws UsersBusyError when it was not looked at */
  verify(username: string, password: string): Promise<SiteAccount | undefined>;
  /** As it is now. */
  find(username: string): Promise<SiteAccount | undefined>;
}

export interface BasicCredentials {
  username: string;
  password: string;
}

/** Longest header that is looked at. */
const MAX_LENGTH = 1_024;

/** Reads `Basic <base64(username:password)>` (RFC 7617, UTF-8). */
export const parseBasicCredentials = (header: string | null): BasicCredentials | undefined => {
  const encoded =
    header !== null && header.length <= MAX_LENGTH ? /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) : null;
  const text = encoded?.[1] === undefined ? '' : Buffer.from(encoded[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
};
