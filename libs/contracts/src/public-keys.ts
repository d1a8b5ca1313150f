import { z } from 'zod';

const jwk = z.looseObject({ kty: z.string() });

/** Apps that mint tickets or receive sealed values, and the public keys that everybody else pins. No private member may be in it. */
export const publicKeys = z.object({
  ticket: z.object({ federation: jwk, 'video-redirector': jwk, 'admin-api': jwk }),
  seal: z.object({ 'keyfile-issuer': jwk, federation: jwk, 'video-redirector': jwk, 'admin-api': jwk }),
});
export type PublicKeys = z.infer<typeof publicKeys>;
export type TicketMinterName = keyof PublicKeys['ticket'];
