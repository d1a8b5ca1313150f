import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whose success a test shows at the app that does the work, because it needs what admin-api's tests do not have. */
const BELOW_REST = new Set([
  // broker-control.e2e-spec: two brokers.
  'post /api/v1/brokers/{id}/drain',
  // recovery.e2e-spec, recovery-approval.e2e-spec: a lost database and a certificate of before.
  'post /api/v1/recovery/agents/{id}/approve',
]);

/**
 * @param {string} dir where the test files have noted what was answered
 * @returns {string[]} operations of the API that never succeeded in any test
 */
export function neverSucceeded(dir) {
  const file = join(dir, 'operations.json');
  if (!existsSync(file)) return [];
  /** @type {string[]} */
  const operations = JSON.parse(readFileSync(file, 'utf8'));
  const noted = readFileSync(join(dir, 'exercised'), 'utf8').split('\n');
  // OpenID Connect succeeds by a redirection.
  const succeeded = new Set(noted.filter((line) => / (?:2\d\d|303)$/.test(line)).map((line) => line.slice(0, -4)));
  return operations.filter((operation) => !succeeded.has(operation) && !BELOW_REST.has(operation));
}

/**
 * Whether every end-to-end test was asked for: only then is an operation that never succeeded a gap in the tests.
 * @param {{ testPathPatterns?: { patterns?: string[] }, testNamePattern?: string, onlyChanged?: boolean, onlyFailures?: boolean, shard?: unknown }} run
 */
export function isWholeRun({ testPathPatterns, testNamePattern, onlyChanged, onlyFailures, shard }) {
  return !(testPathPatterns?.patterns?.length || testNamePattern || onlyChanged || onlyFailures || shard);
}
