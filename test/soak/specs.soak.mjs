import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/**
 * The specs of this folder.
 * @param {import('../../tools/soak.mjs').Soak} soak
 */
export default async function specs({ report, only }) {
  const result = join(tmpdir(), `adit-soak-${process.pid}.json`);
  const flags = ['--config', join(ROOT, 'jest.soak.config.mjs'), '--forceExit', '--json', '--outputFile', result];
  if (only !== undefined) flags.push('--testPathPatterns', only);
  try {
    const child = spawn(process.execPath, [JEST, ...flags], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    await once(child, 'exit');
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(result, 'utf8'));
    report({ figure: 'tests that passed', value: numPassedTests, unit: 'tests', bar: 'value >= 1' });
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    report({ figure: 'tests that failed', value: failed, unit: 'tests', bar: 'value <= 0' });
  } finally {
    rmSync(result, { force: true });
  }
}
