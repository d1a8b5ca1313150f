import { DomainError } from '@app/contracts';
import { z } from 'zod';
import type { KeyfilePosition } from './keyfile.repository.js';

/** PostgreSQL knows no year nought. */
const instant = z.iso.datetime().refine((text) => !text.startsWith('0000'));
const position = z.tuple([instant, z.guid()]);

/** Opaque to the asker; says nothing that the page itself did not say. */
export function encodeCursor({ issuedAt, keyfileId }: KeyfilePosition): string {
  return Buffer.from(JSON.stringify([issuedAt, keyfileId])).toString('base64url');
}

/** Raises `invalid-request`. */
export function decodeCursor(cursor: string): KeyfilePosition {
  try {
    const [issuedAt, keyfileId] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { issuedAt, keyfileId };
  } catch (cause) {
    throw new DomainError('invalid-request', 'the cursor does not come from an earlier page', { cause });
  }
}
