import { randomBytes } from 'node:crypto';
import { digestSecretOf, DomainError, sealDigestSecret, unsealDigestSecret, type DigestSecret } from '@app/contracts';
import type { StreamAccountStatus } from '@app/persistence';

type Jwk = Parameters<typeof sealDigestSecret>[2];

/** Opens what admin-api has sealed. A name that is nobody's takes the same work, and opens to what no password is right for. */
export class AccountSecrets {
  readonly #own: Jwk;
  readonly #nobody = 'nobody';
  readonly #decoy: Promise<string>;

  /** @param own private, @param known public: one pair */
  constructor(own: Jwk, known: Jwk) {
    this.#own = own;
    const secret = digestSecretOf(this.#nobody, randomBytes(32).toString('hex'));
    this.#decoy = sealDigestSecret(this.#nobody, secret, known);
  }

  /** @throws DomainError `internal` when it was sealed to another key or for another account */
  async open(account: StreamAccountStatus | undefined): Promise<DigestSecret> {
    const decoy = await this.#decoy;
    const { secret = null, username = '' } = account ?? {};
    if (secret === null) return unsealDigestSecret(decoy, this.#nobody, this.#own);
    try {
      return await unsealDigestSecret(secret, username, this.#own);
    } catch (cause) {
      throw new DomainError('internal', 'the kept secret of an account does not open: rotate its password', { cause });
    }
  }
}
