import { DomainError } from '@app/contracts';
import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import { sqlState } from './errors.js';

/** Classes of SQLSTATE that say nothing about the request (connection, resources, operator, system), and errno names. */
const OUTAGE = /^(?:(?:08|53|57|58)[0-9A-Z]{3}|E[A-Z]+)$/;
const RETRY_AFTER_MS = 1000;

/**
 * What a failed transaction means to the asker. A database that is away is `unavailable` and worth another try, with
 * nothing lost; everything that the database or this app found wrong stays what it was.
 */
export function withoutOutage(error: unknown): unknown {
  if (!isOutage(error)) return error;
  const options = { retryAfterMs: RETRY_AFTER_MS, cause: error };
  return new DomainError('unavailable', 'the database does not answer now; the same request may be repeated', options);
}

function isOutage(error: unknown): boolean {
  if (error instanceof DomainError) return false;
  // TypeORM takes a connection back at the moment it is lost, between two queries of a transaction.
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  const code = sqlState(error);
  if (code !== undefined) return OUTAGE.test(code);
  // The driver reports a connection that was cut, or that the pool waited for in vain, as an error without a code.
  return hasDriverError(error) || (error as { constructor?: unknown } | null)?.constructor === Error;
}

function hasDriverError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'driverError' in error;
}
