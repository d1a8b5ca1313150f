import { CompactEncrypt, compactDecrypt, importJWK, type JWK } from 'jose';
import { DomainError } from './errors.js';

/** Encrypts a secret to one receiving app (JWE, ECDH-ES on P-256 with A256GCM, RFC 7516/7518), so that the transport in between never shows it. */
export const seal = async (secret: string, receiver: JWK): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(secret))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(await importJWK(receiver, 'ECDH-ES'));

/** @throws DomainError `invalid-request` when the value was not sealed to this key */
export const unseal = async (sealed: string, own: JWK): Promise<string> => {
  try {
    const { plaintext } = await compactDecrypt(sealed, await importJWK(own, 'ECDH-ES'), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return new TextDecoder().decode(plaintext);
  } catch (cause) {
    throw new DomainError('invalid-request', 'a sealed value does not open with this app’s key', { cause });
  }
};
