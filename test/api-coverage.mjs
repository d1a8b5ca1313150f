import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
  const succeeded = new Set(noted.filter((line) => / 2\d\d$/.test(line)).map((line) => line.slice(0, -4)));
  return operations.filter((operation) => !succeeded.has(operation));
}

/**
 * Whether every end-to-end test was asked for: only then is an operation that never succeeded a gap in the tests.
 * @param {{ testPathPatterns?: { patterns?: string[] }, testNamePattern?: string, onlyChanged?: boolean, onlyFailures?: boolean, shard?: unknown }} run
 */
export function isWholeRun({ testPathPatterns, testNamePattern, onlyChanged, onlyFailures, shard }) {
  return !(testPathPatterns?.patterns?.length || testNamePattern || onlyChanged || onlyFailures || shard);
}
