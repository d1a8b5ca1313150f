import type { OnboardingJob } from '@app/persistence';
import { sealKeyfile, type SealingKey } from '@app/pki';
import { Inject, Injectable } from '@nestjs/common';
import { SealingDesk } from '../sealing/sealing.desk.js';
import { Seal } from '../secrets/seal.js';

/** Seals the keyfiles of a batch under one key: made of its passphrase once, kept in memory while the batch runs. */
@Injectable()
export class BatchSealer {
  private readonly keys = new Map<string, SealingKey>();

  constructor(
    @Inject(Seal) private readonly secrets: Seal,
    @Inject(SealingDesk) private readonly desk: SealingDesk,
  ) {}

  /** @throws DomainError `invalid-request` when the passphrase was sealed to another key of this app; `unavailable` */
  async prepare(id: string, { sealedPassphrase, salt }: OnboardingJob): Promise<void> {
    if (this.keys.has(id)) return;
    this.keys.set(id, await this.desk.keyFrom(await this.secrets.open(sealedPassphrase), salt));
  }

  /** @param toUs a keyfile as the issuer sends it @returns the keyfile under the passphrase of the batch */
  async seal(id: string, toUs: string): Promise<string> {
    const key = this.keys.get(id);
    if (key === undefined) throw new Error(`the batch ${id} is not prepared`);
    return sealKeyfile(await this.secrets.open(toUs), key);
  }

  forget(id: string): void {
    this.keys.delete(id);
  }
}
