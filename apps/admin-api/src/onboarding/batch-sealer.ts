import { DomainError } from '@app/contracts';
import type { OnboardingJob } from '@app/persistence';
import { sealKeyfile, type SealingKey } from '@app/pki';
import { Inject, Injectable } from '@nestjs/common';
import { SealingDesk } from '../sealing/sealing.desk.js';
import { type FieldOwner, FieldVault } from '../secrets/field-vault.js';
import { Seal } from '../secrets/seal.js';

/** Which value the passphrase of a batch is. */
export const passphraseField = (tenantId: string, id: string): FieldOwner => ({
  tenantId,
  field: 'onboarding.sealed_passphrase',
  rowId: id,
});

/** Seals the keyfiles of a batch under one key: made of its passphrase once, kept in memory while the batch runs. */
@Injectable()
export class BatchSealer {
  private readonly keys = new Map<string, SealingKey>();

  constructor(
    @Inject(Seal) private readonly secrets: Seal,
    @Inject(FieldVault) private readonly vault: FieldVault,
    @Inject(SealingDesk) private readonly desk: SealingDesk,
  ) {}

  /** @throws DomainError `conflict` when the passphrase does not open any more; `unavailable` */
  async prepare(id: string, job: OnboardingJob & { tenantId: string }): Promise<void> {
    if (this.keys.has(id)) return;
    this.keys.set(id, await this.desk.keyFrom(this.passphraseOf(id, job), job.salt));
  }

  private passphraseOf(id: string, { tenantId, sealedPassphrase }: OnboardingJob & { tenantId: string }): string {
    try {
      return this.vault.open(sealedPassphrase, passphraseField(tenantId, id)).toString();
    } catch (cause) {
      throw new DomainError('conflict', 'the passphrase of the batch does not open: field.key is another one', {
        cause,
      });
    }
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
