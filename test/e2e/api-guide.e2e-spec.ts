import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Platform } from '../harness/platform.js';

const GUIDE = join(__dirname, '../../docs/api.md');

/** The shell examples of the guide, in their order. */
const examples = [...readFileSync(GUIDE, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code = '']) => code);

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['federation', 'admin-api'] });
}, 60_000);

afterAll(() => platform?.stop());

it('the examples of docs/api.md run as they stand', async () => {
  expect(examples.length).toBeGreaterThan(5);
  const script = ['set -euo pipefail', ...examples].join('\n');
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  const env = { ...process.env, api: `${platform.api}/api/v1`, password };
  await promisify(execFile)('bash', ['-c', script], { env, timeout: 30_000 });
}, 40_000);
