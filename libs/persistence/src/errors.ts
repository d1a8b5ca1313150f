/** PostgreSQL's SQLSTATE codes that callers decide on. */
export const SQLSTATE = {
  uniqueViolation: '23505',
  checkViolation: '23514',
  foreignKeyViolation: '23503',
  insufficientPrivilege: '42501',
} as const;

export const sqlState = (error: unknown): string | undefined => {
  const driver = (error as { driverError?: { code?: unknown } }).driverError ?? (error as { code?: unknown });
  return typeof driver.code === 'string' ? driver.code : undefined;
};

/** The unique index or constraint that a write ran into, if it did. */
export const violatedConstraint = (error: unknown): string | undefined => {
  const driver = (error as { driverError?: { constraint?: unknown } }).driverError;
  return typeof driver?.constraint === 'string' ? driver.constraint : undefined;
};
