import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI_VERSION } from './version.js';

it('the version is the one of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as { version: string };
  expect(CLI_VERSION).toBe(version);
});
