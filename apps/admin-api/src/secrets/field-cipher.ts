import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Values of this app's own rows under its `field.key`: AES-256-GCM, `iv (12) | tag (16) | ciphertext`. */
export class FieldCipher {
  readonly #key: Buffer;
  readonly #digestKey: Buffer;

  /** @param fieldKey 32 bytes, outside the database */
  constructor(fieldKey: Buffer) {
    this.#key = fieldKey;
    this.#digestKey = Buffer.from(hkdfSync('sha256', fieldKey, '', 'adit-field-digest', 32));
  }

  /** @param row names the row, bound into the ciphertext: a value copied to another row does not open */
  close(text: string, row: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(row));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]);
  }

  /** @throws when it was closed for another row or under another key */
  open(stored: Buffer, row: string): string {
    const iv = stored.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(row)).setAuthTag(stored.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return decipher.update(stored.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  }

  /** 32 bytes to compare by: what may be guessed, such as a short password in a body, cannot be tried against them. */
  digest(text: string): Buffer {
    return createHmac('sha256', this.#digestKey).update(text).digest();
  }
}
