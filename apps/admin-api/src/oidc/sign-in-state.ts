import { EncryptJWT, jwtDecrypt } from 'jose';

/** What the browser keeps between its way out to the provider and its way back. */
export interface SignInState {
  state: string;
  nonce: string;
  /** RFC 7636. */
  codeVerifier: string;
  /** A path of this host. */
  returnTo: string;
}

export const STATE_SECONDS = 600;

/** @param key 32 bytes. @returns a JWE: the verifier is a secret, and the browser shall not make one up */
export const sealState = (state: SignInState, key: Buffer, now: Date): Promise<string> =>
  new EncryptJWT({ ...state })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(Math.floor(now.getTime() / 1_000) + STATE_SECONDS)
    .encrypt(key);

/** @returns undefined for one that is over, or that this app has not sealed */
export const openState = async (sealed: string, key: Buffer, now: Date): Promise<SignInState | undefined> => {
  try {
    const { payload } = await jwtDecrypt(sealed, key, {
      currentDate: now,
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      requiredClaims: ['exp'],
    });
    const { state, nonce, codeVerifier, returnTo } = payload as unknown as SignInState;
    return { state, nonce, codeVerifier, returnTo };
  } catch {
    return undefined;
  }
};

/** Printable ASCII that no browser reads as another host: `//host` and `/\host` are such. */
const OWN_PATH = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,499}$/;

/** @returns the path when it is one of this host, else `/` */
export const ownPath = (path: string | undefined): string => (path !== undefined && OWN_PATH.test(path) ? path : '/');
