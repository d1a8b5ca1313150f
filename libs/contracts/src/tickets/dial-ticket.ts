import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import { z } from 'zod';
import { DomainError } from '../errors.js';
import { channelClass, serviceName, siteLabel, uuid } from '../primitives.js';
import type { PublicKeys, TicketMinterName } from '../public-keys.js';

/** Longest life of a dial ticket. */
export const DIAL_TICKET_MAX_AGE_S = 60;

/** Which services each app may open: the key that signed decides, never the claim. */
const MAY_DIAL: Record<TicketMinterName, (service: string) => boolean> = {
  federation: (service) => service === 'directory',
  'video-redirector': (service) => service === 'redirector',
  'admin-api': () => true,
};

export const dialTicketClaims = z.object({
  tenantId: uuid,
  site: siteLabel,
  service: serviceName,
  class: channelClass,
  /** For the audit: on whose behalf. */
  user: z.string().max(200),
});
export type DialTicketClaims = z.infer<typeof dialTicketClaims>;

export interface VerifiedDialTicket extends DialTicketClaims {
  issuer: TicketMinterName;
  /** Single use: the verifier remembers it until `expiresAt`. */
  ticketId: string;
  expiresAt: number;
}

/** @param brokerId the process instance that may accept it; single use holds because no other broker takes it */
export const mintDialTicket = async (
  claims: DialTicketClaims,
  minter: { issuer: TicketMinterName; key: JWK },
  brokerId: string,
  lifetimeS = 30,
): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'adit-dial+jwt', kid: minter.issuer })
    .setIssuer(minter.issuer)
    .setAudience(`tunnel-broker:${brokerId}`)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${Math.min(lifetimeS, DIAL_TICKET_MAX_AGE_S)}s`)
    .sign(await importJWK(minter.key, 'EdDSA'));

/** Signature, issuer, audience, age and the issuer's right to the service. @throws DomainError `ticket-invalid`, `ticket-expired`, `dial-refused` */
export const verifyDialTicket = async (
  ticket: string,
  keys: PublicKeys,
  brokerId: string,
): Promise<VerifiedDialTicket> => {
  const issuer = ticketIssuer(ticket);
  const verified = await jwtVerify(ticket, await importJWK(keys.ticket[issuer] as JWK, 'EdDSA'), {
    algorithms: ['EdDSA'],
    typ: 'adit-dial+jwt',
    issuer,
    audience: `tunnel-broker:${brokerId}`,
    maxTokenAge: DIAL_TICKET_MAX_AGE_S,
    clockTolerance: 2,
    requiredClaims: ['jti', 'exp', 'iat'],
  }).catch((cause: unknown) => {
    throw ticketError(cause);
  });
  const claims = dialTicketClaims.safeParse(verified.payload);
  if (!claims.success) throw new DomainError('ticket-invalid', 'the dial ticket lacks a claim');
  if (!MAY_DIAL[issuer](claims.data.service)) {
    throw new DomainError('dial-refused', `${issuer} may not dial the service ${claims.data.service}`);
  }
  return {
    ...claims.data,
    issuer,
    ticketId: String(verified.payload.jti),
    expiresAt: Number(verified.payload.exp) * 1_000,
  };
};

const ticketIssuer = (ticket: string): TicketMinterName => {
  try {
    const { kid } = decodeProtectedHeader(ticket);
    if (kid === 'federation' || kid === 'video-redirector' || kid === 'admin-api') return kid;
  } catch {
    // falls through to the same refusal: a caller learns nothing about why a token does not parse
  }
  throw new DomainError('ticket-invalid', 'the ticket is not one of this deployment');
};

/** jose's error codes are its public surface. */
export const ticketError = (cause: unknown): DomainError => {
  const code = (cause as { code?: unknown }).code;
  return code === 'ERR_JWT_EXPIRED'
    ? new DomainError('ticket-expired', 'the ticket has expired: ask for a new one', { cause })
    : new DomainError('ticket-invalid', 'the ticket is not valid here', { cause });
};
