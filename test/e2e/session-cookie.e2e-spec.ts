import { Platform } from '../harness/platform.js';
import { BrowserClient } from './browser-client.js';
import { HttpClient } from './http-client.js';
import { audited, firstPassword } from './operators.js';

const SITES = '/api/v1/sites';
const CURRENT = '/api/v1/sessions/current';
const HTTPS = { 'x-forwarded-proto': 'https' };

let platform: Platform;
let password: string;

beforeAll(async () => {
  const extra = { 'admin-api': { ADIT_TLS_PROXY: 'true' } };
  platform = await Platform.start({ apps: ['admin-api'], extra });
  password = firstPassword(platform);
}, 60_000);

afterAll(() => platform?.stop());

const signedIn = async (): Promise<BrowserClient> => {
  const browser = new BrowserClient(platform.api);
  expect((await browser.signIn('admin', password)).status).toBe(201);
  return browser;
};

describe('a session in a cookie', () => {
  it('is kept from scripts and from other sites, and its token stands nowhere else', async () => {
    const browser = new BrowserClient(platform.api);
    const { body } = await browser.signIn('admin', password);
    const token = browser.cookies.get('adit-session') ?? '';
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(browser.attributes.get('adit-session')).toMatch(/^Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
    expect(body.token).toBeUndefined();
    const current = await browser.ask('GET', CURRENT);
    expect(current.body).toMatchObject({ via: 'cookie', csrfToken: body.csrfToken });
    expect(JSON.stringify([body, current.body, platform.lines])).not.toContain(token);
  });

  it('over https belongs to this host alone', async () => {
    const browser = new BrowserClient(platform.api.replace('http:', 'https:'), HTTPS);
    const plain = new BrowserClient(platform.api, { ...HTTPS, origin: browser.api });
    await plain.signIn('admin', password);
    expect([...plain.cookies.keys()]).toEqual(['__Host-adit-session']);
    expect(plain.attributes.get('__Host-adit-session')).toMatch(
      /^Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/,
    );
    const created = await plain.ask('POST', SITES, { name: 'Kiel' }, { origin: browser.api });
    expect(created.status).toBe(201);
    // Without the prefix any host of the domain could have set it.
    plain.cookies.set('adit-session', plain.cookies.get('__Host-adit-session') ?? '');
    plain.cookies.delete('__Host-adit-session');
    expect((await plain.ask('GET', CURRENT)).status).toBe(401);
  });

  it('changes things with the session’s CSRF token from this origin', async () => {
    const browser = await signedIn();
    expect((await browser.ask('POST', SITES, { name: 'Bremen' })).status).toBe(201);
  });

  it.each([
    ['no CSRF token', { 'x-csrf-token': '' }],
    ['a CSRF token that is none', { 'x-csrf-token': 'x'.repeat(43) }],
    ['another origin', { origin: 'https://evil.example' }],
    ['the origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['no origin', { origin: '' }],
    ['an opaque origin', { origin: 'null' }],
  ])('is refused a change with %s, and it is audited', async (_title, headers) => {
    const browser = await signedIn();
    const before = (await platform.counts(['site'])).site;
    for (const [method, path] of [
      ['POST', SITES],
      ['DELETE', CURRENT],
    ] as const) {
      const { status, body } = await browser.ask(method, path, method === 'POST' ? { name: 'x' } : undefined, headers);
      expect([status, body['code']]).toEqual([403, 'cross-site-request']);
    }
    expect((await platform.counts(['site'])).site).toBe(before);
    expect((await audited(platform, 'access.refused')).at(-1)?.details).toMatchObject({ reason: 'cross-site-request' });
    expect((await browser.ask('GET', CURRENT)).status).toBe(200);
  });

  it('is refused a change with the CSRF token of another session', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    const { status } = await one.ask('POST', SITES, { name: 'x' }, { 'x-csrf-token': other.csrfToken ?? '' });
    expect(status).toBe(403);
  });

  it('serves in no other form, and a bearer token in no cookie', async () => {
    const browser = await signedIn();
    const stolen = new HttpClient(platform.api, browser.cookies.get('adit-session'));
    expect((await stolen.ask('GET', CURRENT)).status).toBe(401);
    const { body } = await new HttpClient(platform.api).ask<{ token: string }>('POST', '/api/v1/sessions', {
      username: 'admin',
      password,
    });
    browser.cookies.set('adit-session', body.token);
    expect((await browser.ask('GET', CURRENT)).status).toBe(401);
  });

  it('does not help a request with an Authorization header that is wrong', async () => {
    const browser = await signedIn();
    expect((await browser.ask('GET', CURRENT, undefined, { authorization: 'Bearer x' })).status).toBe(401);
  });

  it('ends by signing out, at the server and in the browser', async () => {
    const browser = await signedIn();
    const token = browser.cookies.get('adit-session') ?? '';
    expect((await browser.ask('DELETE', CURRENT)).status).toBe(204);
    expect(browser.cookies.size).toBe(0);
    browser.cookies.set('adit-session', token);
    expect((await browser.ask('GET', CURRENT)).status).toBe(401);
  });

  it.each([
    '',
    '=',
    ';;;',
    'adit-session',
    'adit-session=%zz',
    `adit-session=${'x'.repeat(43)}`,
    `x=${'y'.repeat(8_000)}`,
  ])('is not taken out of the header %j', async (cookie) => {
    const { status } = await new BrowserClient(platform.api, { cookie }).ask('GET', CURRENT);
    expect(status).toBe(401);
  });
});

describe('a session', () => {
  it('ends when nothing has used it for a while, and goes on while it is used', async () => {
    const [used, idle] = [await signedIn(), await signedIn()];
    const ids = await platform.query<{ id: string }>(
      'SELECT id FROM bearer_token WHERE via_cookie AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 2',
    );
    const back = (minutes: number, id: string | undefined): Promise<object[]> =>
      platform.query("UPDATE bearer_token SET last_used_at = now() - $1 * interval '1 minute' WHERE id = $2", [
        minutes,
        id,
      ]);
    await back(59, ids[1]?.id);
    await back(61, ids[0]?.id);
    expect([(await used.ask('GET', CURRENT)).status, (await idle.ask('GET', CURRENT)).status]).toEqual([200, 401]);
    const [row] = await platform.query<{ fresh: boolean }>(
      "SELECT last_used_at > now() - interval '1 minute' AS fresh FROM bearer_token WHERE id = $1",
      [ids[1]?.id],
    );
    expect(row).toEqual({ fresh: true });
  });

  it('ends at its time although it is used', async () => {
    const browser = await signedIn();
    await platform.query('UPDATE bearer_token SET expires_at = now() WHERE via_cookie');
    expect((await browser.ask('GET', CURRENT)).status).toBe(401);
  });
});
