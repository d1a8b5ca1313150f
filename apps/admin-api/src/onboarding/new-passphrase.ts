import { randomInt } from 'node:crypto';

/** Crockford's base32: can be read out over the telephone. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;

/** 100 random bits as `XXXX-XXXX-XXXX-XXXX-XXXX`. */
export const newPassphrase = (): string => Array.from({ length: GROUPS }, group).join('-');

const group = (): string => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
