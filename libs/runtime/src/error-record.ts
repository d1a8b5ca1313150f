/** What a log keeps of an error besides its type, message and stack. */
const FACTS = ['code', 'errno', 'syscall', 'address', 'port', 'status', 'constraint', 'table'] as const;
const MAX_DEPTH = 5;

/**
 * An error as a log may hold it. Everything else that hangs on it stays out: errors of the database carry the parameters of
 * their query and the rows that failed, password hashes and sealed tokens among them.
 */
export const describeError = (error: unknown): unknown => describe(error, MAX_DEPTH);

const describe = (error: unknown, depth: number): unknown => {
  if (!(error instanceof Error)) return typeof error === 'object' && error !== null ? { type: 'object' } : error;
  const record: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack };
  for (const fact of FACTS) {
    const value: unknown = Reflect.get(error, fact);
    if (typeof value === 'string' || typeof value === 'number') record[fact] = value;
  }
  if (depth === 0) return record;
  if (error.cause !== undefined) record['cause'] = describe(error.cause, depth - 1);
  if (error instanceof AggregateError)
    record['errors'] = error.errors.slice(0, 10).map((one) => describe(one, depth - 1));
  return record;
};
