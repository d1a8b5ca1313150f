import { seal, unseal } from '@app/contracts';

type Jwk = Parameters<typeof seal>[1];

/** Secrets in messages: tokens come sealed to this app, keyfiles leave sealed to admin-api. */
export class Seals {
  constructor(
    private readonly own: Jwk,
    private readonly adminApi: Jwk,
  ) {}

  /** @throws DomainError `invalid-request` */
  open(sealed: string): Promise<string> {
    return unseal(sealed, this.own);
  }

  forAdminApi(secret: string): Promise<string> {
    return seal(secret, this.adminApi);
  }
}
