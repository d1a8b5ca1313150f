import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'], ownPostgres: true });
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  admin = await new HttpClient(platform.api).signIn('admin', password);
}, 60_000);

afterAll(() => platform?.stop());

const ask = async (): Promise<string> => {
  const { status, body } = await admin.ask('GET', '/api/v1/sites');
  return status === 200 ? 'answered' : `${status} ${String(body['code'])}`;
};

describe('while the database is away', () => {
  it('every request is answered `unavailable`, and the first one after it as ever', async () => {
    const seen = new Set<string>();
    let isBack = false;
    const asking = (async () => {
      while (!isBack) seen.add(await ask());
    })();
    await platform.killPostgres();
    await waitUntil('the API answers again', async () => (await ask()) === 'answered', 10_000);
    isBack = true;
    await asking;
    expect([...seen].filter((answer) => answer !== 'answered')).toEqual(['503 unavailable']);
    expect(await ask()).toBe('answered');
  }, 60_000);

  it('the operator stays signed in and nothing is lost when the API itself is killed', async () => {
    const { body } = await admin.ask<{ id: string }>('POST', '/api/v1/sites', { name: 'Cuxhaven' });
    await platform.kill('admin-api');
    expect((await admin.ask('GET', `/api/v1/sites/${body.id}`)).status).toBe(200);
  }, 60_000);
});
