import { isUsablePassphrase, PASSPHRASE_MAX_BYTES, PASSPHRASE_MIN_CHARACTERS } from '@app/pki';
import { ValidateBy } from 'class-validator';

const isPassphrase = (value: unknown): boolean => typeof value === 'string' && isUsablePassphrase(value);

const message = `$property must be a text of at least ${PASSPHRASE_MIN_CHARACTERS} characters and at most ${PASSPHRASE_MAX_BYTES} bytes`;

export const PASSPHRASE_SCHEMA = {
  type: String,
  minLength: PASSPHRASE_MIN_CHARACTERS,
  maxLength: PASSPHRASE_MAX_BYTES,
  description: 'seals what is answered; it is kept nowhere',
} as const;

export const IsPassphrase = (): PropertyDecorator =>
  ValidateBy({ name: 'isPassphrase', validator: { validate: isPassphrase, defaultMessage: () => message } });
