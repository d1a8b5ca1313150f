import { randomInt } from 'node:crypto';
import { digestSecretOf, sealDigestSecret } from '@app/contracts';

type Jwk = Parameters<typeof sealDigestSecret>[2];

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ALPHABET = `${LETTERS}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
/** 62 bits: told apart over the whole deployment, and not to be guessed. Many recorders take 16 characters at most. */
const USERNAME_LENGTH = 12;
/** 160 bits: whoever has a hash of it cannot find it. Recorders take 31 characters at most, letters and digits for sure. */
const PASSWORD_LENGTH = 27;

export const newUsername = (): string => randomText(LETTERS, USERNAME_LENGTH);

export interface NewPassword {
  password: string;
  /** What is kept of it: the video redirector alone opens it. */
  sealed: string;
}

/** Makes passwords of stream accounts; nobody chooses one, so that none is weak or used elsewhere. */
export class AccountPasswords {
  /** @param redirector public key that the video redirector opens with */
  constructor(private readonly redirector: Jwk) {}

  async make(username: string): Promise<NewPassword> {
    const password = randomText(ALPHABET, PASSWORD_LENGTH);
    return { password, sealed: await sealDigestSecret(username, digestSecretOf(username, password), this.redirector) };
  }
}

const randomText = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
