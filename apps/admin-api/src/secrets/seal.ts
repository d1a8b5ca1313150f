import { seal, unseal } from '@app/contracts';

type Jwk = Parameters<typeof seal>[1];

/** Keeps secrets closed on their way between the apps: opens what was sealed to this one, closes what federation alone may open. */
export class Seal {
  readonly #own: Jwk;

  constructor(
    own: Jwk,
    private readonly federation: Jwk,
  ) {
    this.#own = own;
  }

  open(sealed: string): Promise<string> {
    return unseal(sealed, this.#own);
  }

  forFederation(secret: string): Promise<string> {
    return seal(secret, this.federation);
  }
}
