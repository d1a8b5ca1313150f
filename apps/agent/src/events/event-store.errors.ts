/** Low byte of SQLite's extended result codes (sqlite.org/rescode.html). */
const PRIMARY = 0xff;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL: they pass, or somebody makes them pass. */
const PASSING = new Set([5, 6, 7, 8, 10, 13, 14, 15]);

/** The file is not a store of this version: it helps only to put it aside. */
export class DamagedStoreError extends Error {
  override readonly name = 'DamagedStoreError';
}

const resultOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & PRIMARY
    : undefined;

export const isDamage = (error: unknown): boolean => {
  const result = resultOf(error);
  return error instanceof DamagedStoreError || result === CORRUPT || result === NOT_A_DATABASE;
};

/** Whether the same call may succeed later, as when there is space again. */
export const isPassing = (error: unknown): boolean => {
  const result = resultOf(error);
  return result === undefined || PASSING.has(result);
};
