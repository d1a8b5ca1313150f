import { importJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import { z } from 'zod';
import { DomainError } from '../errors.js';
import { siteLabel, streamUsage, userLevel, uuid } from '../primitives.js';
import type { PublicKeys } from '../public-keys.js';
import { ticketError } from './dial-ticket.js';

export const viewTicketClaims = z.object({
  tenantId: uuid,
  site: siteLabel,
  /** The `<camera>` of the stream URL. */
  camera: z.string().min(1).max(200),
  usage: streamUsage,
  user: z.string().max(200),
  userLevel,
  /** The first use must come before this instant, seconds since the epoch. */
  firstUseBy: z.int(),
});
export type ViewTicketClaims = z.infer<typeof viewTicketClaims>;

export interface VerifiedViewTicket extends ViewTicketClaims {
  ticketId: string;
  /** Reconnects from the first address end here, ms since the epoch. */
  expiresAt: number;
}

/** Minted by admin-api alone. `expiresAt` and `firstUseBy` in seconds since the epoch. */
export const mintViewTicket = async (
  claims: ViewTicketClaims,
  key: JWK,
  ticketId: string,
  expiresAt: number,
): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'adit-view+jwt', kid: 'admin-api' })
    .setIssuer('admin-api')
    .setAudience('video-redirector')
    .setJti(ticketId)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(await importJWK(key, 'EdDSA'));

/** Signature, audience and age; first use, address and revocation are the redirector's to check. @throws DomainError `ticket-invalid`, `ticket-expired` */
export const verifyViewTicket = async (ticket: string, keys: PublicKeys): Promise<VerifiedViewTicket> => {
  const verified = await jwtVerify(ticket, await importJWK(keys.ticket['admin-api'] as JWK, 'EdDSA'), {
    algorithms: ['EdDSA'],
    typ: 'adit-view+jwt',
    issuer: 'admin-api',
    audience: 'video-redirector',
    clockTolerance: 2,
    requiredClaims: ['jti', 'exp', 'iat'],
  }).catch((cause: unknown) => {
    throw ticketError(cause);
  });
  const claims = viewTicketClaims.safeParse(verified.payload);
  if (!claims.success) throw new DomainError('ticket-invalid', 'the view ticket lacks a claim');
  return { ...claims.data, ticketId: String(verified.payload.jti), expiresAt: Number(verified.payload.exp) * 1_000 };
};
