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

/** SQLSTATE classes and socket codes that say: the database is away, ask again later. */
const AWAY = /^(?:08...|57P0[123]|53300|ECONN(?:REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH)$/;

/** pg tells these without a code. */
const AWAY_TEXT =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

export const isDatabaseAway = (error: unknown): boolean =>
  AWAY.test(sqlState(error) ?? '') || (error instanceof Error && AWAY_TEXT.test(error.message));
