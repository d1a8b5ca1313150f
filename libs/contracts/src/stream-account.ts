import { createHash } from 'node:crypto';
import { z } from 'zod';
import { seal, unseal } from './sealed.js';

type Jwk = Parameters<typeof seal>[1];

/** Part of every hash that is kept: another realm would make all passwords of stream accounts wrong. */
export const STREAM_REALM = 'Adit';

const SEPARATOR = ':';

/** What Digest needs of a password: H(username ":" realm ":" password) in hex (RFC 7616, 3.4.2). Worth as much as the password. */
export const digestSecret = z.object({
  md5: z.string().regex(/^[0-9a-f]{32}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type DigestSecret = z.infer<typeof digestSecret>;

export const digestSecretOf = (username: string, password: string, realm: string = STREAM_REALM): DigestSecret => {
  const text = [username, realm, password].join(SEPARATOR);
  const hash = (algorithm: 'md5' | 'sha256'): string => createHash(algorithm).update(text).digest('hex');
  return { md5: hash('md5'), sha256: hash('sha256') };
};

const sealedSecret = z.strictObject({ username: z.string(), secret: digestSecret });

/** For the row: the video redirector alone opens it, and for this username alone. */
export const sealDigestSecret = (username: string, secret: DigestSecret, redirector: Jwk): Promise<string> =>
  seal(JSON.stringify({ username, secret }), redirector);

/** @throws DomainError `invalid-request` under another key; Error when it was made for another username */
export const unsealDigestSecret = async (sealed: string, username: string, own: Jwk): Promise<DigestSecret> => {
  const kept = sealedSecret.parse(JSON.parse(await unseal(sealed, own)));
  if (kept.username !== username) throw new Error('the sealed secret belongs to another account');
  return kept.secret;
};
