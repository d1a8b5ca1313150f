import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { DomainError } from '@app/contracts';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Which value of which row it is: bound into the ciphertext, so that one copied to another place does not open. */
export interface FieldOwner {
  tenantId: string;
  /** Table and column, e.g. `webhook.secret`. */
  field: string;
  rowId: string;
}

/** Values that this app has to read again: AES-256-GCM, `iv (12) | tag (16) | ciphertext`, under a key outside the database. */
export class FieldVault {
  readonly #key: Buffer;
  readonly #digestKey: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
    this.#digestKey = Buffer.from(hkdfSync('sha256', key, '', 'adit admin-api digest', KEY_BYTES));
  }

  close(secret: Buffer, owner: FieldOwner): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(additionalData(owner));
    const body = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]);
  }

  /** @throws DomainError `internal` when the value was written for another place or under another key */
  open(stored: Buffer, owner: FieldOwner): Buffer {
    try {
      const iv = stored.subarray(0, IV_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(additionalData(owner)).setAuthTag(stored.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(stored.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new DomainError('internal', 'a stored secret does not open: is it the right field.key?', { cause });
    }
  }

  /**
   * 32 bytes to compare by: who reads them cannot try guesses against them.
   * @param parts the first names what is digested, so that digests of different things never meet
   */
  digest(...parts: readonly [string, ...string[]]): Buffer {
    return createHmac('sha256', this.#digestKey).update(JSON.stringify(parts)).digest();
  }
}

const additionalData = ({ tenantId, field, rowId }: FieldOwner): Buffer => Buffer.from(`${tenantId}/${field}/${rowId}`);
