import { DomainError, parseTunnelAddress, type TunnelAddress } from '@app/contracts';

/** What a CONNECT asks for, and what it shows for it. */
export interface ConnectRequest {
  target: TunnelAddress;
  ticket: string;
}

/** RFC 7617: the user is `ticket`, the password is the ticket. */
const BASIC_USER = 'ticket:';

/** @throws DomainError `unauthenticated` (no credentials), `ticket-invalid`, `address-not-allowed` */
export const readConnect = (authority: string, authorization: string | undefined, domain: string): ConnectRequest => {
  const ticket = ticketOf(authorization);
  const target = targetOf(authority, domain);
  if (target === null) {
    throw new DomainError('address-not-allowed', `only <service>.<site>.tunnel.${domain} can be reached here`);
  }
  return { target, ticket };
};

const targetOf = (authority: string, domain: string): TunnelAddress | null => {
  try {
    return parseTunnelAddress(authority, domain);
  } catch {
    return null;
  }
};

/** Bearer, or Basic for clients that know proxies but no tokens (curl, GStreamer). */
const ticketOf = (authorization: string | undefined): string => {
  if (authorization === undefined) throw new DomainError('unauthenticated', 'a dial ticket is needed');
  const [scheme = '', value = ''] = authorization.trim().split(/\s+/, 2);
  if (/^bearer$/i.test(scheme) && value !== '') return value;
  if (/^basic$/i.test(scheme)) {
    const credentials = Buffer.from(value, 'base64').toString('utf8');
    if (credentials.startsWith(BASIC_USER)) return credentials.slice(BASIC_USER.length);
  }
  throw new DomainError('ticket-invalid', 'Bearer <ticket>, or Basic with the user "ticket", is needed');
};
