import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DomainError, unseal } from '@app/contracts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Whose password it is: bound into the ciphertext, so that a value copied to another row does not open. */
export interface PasswordOwner {
  tenantId: string;
  roleId: string;
}

/** Role passwords at rest: AES-256-GCM, `iv (12) | tag (16) | ciphertext`, tenant and role as additional data. */
export class PasswordVault {
  /** @param fieldKey 32 bytes, outside the database */
  constructor(
    private readonly fieldKey: Buffer,
    private readonly sealKey: Parameters<typeof unseal>[1],
  ) {}

  /** Opens what an asker has sealed to this app and closes it for the row. @throws DomainError `invalid-request` */
  async receive(sealed: string, owner: PasswordOwner): Promise<Buffer> {
    const password = await unseal(sealed, this.sealKey);
    if (password === '' || password.length > 200) {
      throw new DomainError('invalid-request', 'a password has 1 to 200 characters');
    }
    return this.close(password, owner);
  }

  close(password: string, owner: PasswordOwner): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.fieldKey, iv).setAAD(additionalData(owner));
    const body = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]);
  }

  /** @throws DomainError `internal` when the value was written for another row or under another key */
  open(stored: Buffer, owner: PasswordOwner): string {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.fieldKey, stored.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(additionalData(owner)).setAuthTag(stored.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(stored.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new DomainError('internal', 'the stored password does not open: set it again', { cause });
    }
  }
}

const additionalData = ({ tenantId, roleId }: PasswordOwner): Buffer => Buffer.from(`${tenantId} ${roleId}`);
