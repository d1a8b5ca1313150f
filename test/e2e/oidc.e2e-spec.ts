import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_TENANT_ID } from '@app/persistence';
import { OidcProvider } from '../harness/oidc-provider.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import { BrowserClient } from './browser-client.js';
import { type Answer, HttpClient } from './http-client.js';
import { audited, newOperator, signInFirst } from './operators.js';

const AUTHORIZE = '/api/v1/oidc/authorize';
const CALLBACK = '/api/v1/oidc/callback';
const TRUSTED_TENANT = '01900000-0000-7000-8000-0000000000aa';
const PASSWORD = 'a password of one’s own';

let provider: OidcProvider;
let platform: Platform;
let admin: HttpClient;
let dir: string;
/** Every code that the provider gave. */
const codes: string[] = [];

beforeAll(async () => {
  provider = await OidcProvider.create();
  dir = mkdtempSync(join(tmpdir(), 'adit-oidc-'));
  writeFileSync(join(dir, 'secret'), provider.clientSecret, { mode: 0o600 });
  const settings = {
    ADIT_OIDC_ISSUER: provider.issuer,
    ADIT_OIDC_CLIENT_ID: 'adit',
    ADIT_OIDC_CLIENT_SECRET_FILE: join(dir, 'secret'),
    ADIT_OIDC_ROLES_CLAIM: 'groups',
    ADIT_OIDC_ROLES: 'cctv=viewer,cctv-admins=administrator',
    ADIT_OIDC_TENANTS: TRUSTED_TENANT.toUpperCase(),
  };
  platform = await Platform.start({
    apps: ['admin-api'],
    extra: (ports) => ({
      'admin-api': { ...settings, ADIT_OIDC_REDIRECT_URL: `http://127.0.0.1:${ports.http}${CALLBACK}` },
    }),
  });
  await provider.start(`${platform.api}${CALLBACK}`);
  admin = await signInFirst(platform);
}, 60_000);

beforeEach(() => platform.query('DELETE FROM sign_in_attempt'));

afterAll(async () => {
  await platform?.stop();
  await provider?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

/** Begins a sign-in. @returns the address at the provider */
const begin = async (browser: BrowserClient, returnTo?: string): Promise<URL> => {
  const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`;
  const { status, headers } = await browser.ask('GET', `${AUTHORIZE}${query}`);
  expect(status).toBe(303);
  return new URL(headers.get('location') ?? '');
};

/** Goes through the provider's own pages, as a person does. @returns the address it sends the browser back to */
const passProvider = async (start: URL, login: string): Promise<URL> => {
  const person = new BrowserClient(provider.issuer);
  let next = start;
  for (let step = 0; step < 10; step += 1) {
    if (next.pathname === CALLBACK) return next;
    const { headers, body } = await person.ask<{ text: string }>('GET', next.href);
    const location = headers.get('location') ?? (await submit(person, next, body.text, login));
    next = new URL(location, next);
  }
  throw new Error(`the provider does not let ${login} through: ${next.href}`);
};

const submit = async (person: BrowserClient, page: URL, html: string, login: string): Promise<string> => {
  const action = /action="([^"]+)"/.exec(html)?.[1] ?? page.href;
  const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1] ?? '';
  const form = new URLSearchParams({ prompt, login, password: 'any' }).toString();
  const { headers } = await person.send('POST', action, form, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  return headers.get('location') ?? page.href;
};

const callbackOf = async (browser: BrowserClient, login: string, change?: (url: URL) => void): Promise<URL> => {
  const url = await begin(browser);
  change?.(url);
  const callback = await passProvider(url, login);
  codes.push(callback.searchParams.get('code') ?? '');
  return callback;
};

const back = (browser: BrowserClient, url: URL): Promise<Answer> => browser.ask('GET', `${url.pathname}${url.search}`);

const newIdentity = async (subject: string, roles = ['operator']): Promise<string> => {
  const identity = { issuer: provider.issuer, subject };
  const { status, body } = await admin.ask<{ id: string }>('POST', '/api/v1/operators', {
    username: subject,
    identity,
    roles,
  });
  expect(status).toBe(201);
  return body.id;
};

const refusalOf = async (browser: BrowserClient, url: URL): Promise<[number, unknown]> => {
  const { status, body } = await back(browser, url);
  expect((await browser.ask('GET', '/api/v1/sessions/current')).status).toBe(401);
  return [status, body['code']];
};

/** Why answers were refused, as the audit says: once for all of a kind. */
const reasons = async (): Promise<unknown[]> =>
  (await audited(platform, 'session.refused')).map(({ details }) => details['reason']);

describe('signing in by an identity provider', () => {
  it('leads through its pages to a session in a cookie, with the roles that were given here', async () => {
    await newIdentity('anna');
    const browser = new BrowserClient(platform.api);
    const url = await begin(browser, '/console/');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'adit',
      code_challenge_method: 'S256',
      scope: 'openid profile',
    });
    expect(browser.attributes.get('adit-oidc')).toMatch(/HttpOnly; SameSite=Lax$/);
    const { status, headers } = await back(browser, await passProvider(url, 'anna'));
    expect([status, headers.get('location')]).toEqual([303, '/console/']);
    expect([...browser.cookies.keys()]).toEqual(['adit-session']);
    const current = await browser.ask<{ csrfToken: string }>('GET', '/api/v1/sessions/current');
    expect(current.body).toMatchObject({ via: 'cookie', operator: { username: 'anna', roles: ['operator'] } });
    browser.csrfToken = current.body.csrfToken;
    expect((await browser.ask('POST', '/api/v1/sites', { name: 'Kiel' })).status).toBe(201);
    expect((await audited(platform, 'session.opened')).at(-1)?.details).toMatchObject({ by: 'oidc' });
  });

  it('has no password as another way in', async () => {
    await newIdentity('ben');
    const { status } = await new BrowserClient(platform.api).signIn('ben', 'any');
    expect(status).toBe(401);
  });

  it('is given to an operator who has a password, taken away again, and belongs to one alone', async () => {
    const { id, username, password } = await newOperator(platform, admin, ['viewer']);
    const path = `/api/v1/operators/${id}`;
    const identity = { issuer: provider.issuer, subject: 'hugo' };
    expect((await admin.ask('PATCH', path, { identity })).body).toMatchObject({
      username,
      identity,
      hasPassword: true,
    });
    const browser = new BrowserClient(platform.api);
    expect((await back(browser, await callbackOf(browser, 'hugo'))).status).toBe(303);
    const other = await newOperator(platform, admin, ['viewer']);
    const second = await admin.ask('PATCH', `/api/v1/operators/${other.id}`, { identity });
    expect([second.status, second.body['code']]).toEqual([409, 'username-taken']);
    expect((await admin.ask('PATCH', path, { identity: null })).body).toMatchObject({ identity: null });
    expect((await browser.ask('GET', '/api/v1/sessions/current')).status).toBe(401);
    expect(await refusalOf(browser, await callbackOf(browser, 'hugo'))).toEqual([401, 'oidc-refused']);
    expect((await new BrowserClient(platform.api).signIn(username, password)).status).toBe(201);
  });

  it('is not taken from an operator who has nothing else', async () => {
    const id = await newIdentity('ines');
    const { status, body } = await admin.ask('PATCH', `/api/v1/operators/${id}`, { identity: null });
    expect([status, body['code']]).toEqual([409, 'conflict']);
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example'])('does not lead on to %s', async (returnTo) => {
    await platform.query('DELETE FROM operator WHERE username = $1', ['cleo']);
    await newIdentity('cleo');
    const browser = new BrowserClient(platform.api);
    const { headers } = await back(browser, await passProvider(await begin(browser, returnTo), 'cleo'));
    expect(headers.get('location')).toBe('/');
  });
});

describe('the provider’s answer is refused', () => {
  const REFUSED = [401, 'oidc-refused'];

  beforeAll(() => newIdentity('dora'));

  it('with another state', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora');
    url.searchParams.set('state', 'x'.repeat(43));
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
    expect(await reasons()).toContain('OAUTH_INVALID_RESPONSE');
  });

  it('with the state of another browser’s sign-in', async () => {
    const [victim, thief] = [new BrowserClient(platform.api), new BrowserClient(platform.api)];
    await begin(victim);
    expect(await refusalOf(victim, await callbackOf(thief, 'dora'))).toEqual(REFUSED);
  });

  it('without the cookie of its beginning, or with one that is none', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora');
    browser.cookies.clear();
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
    browser.cookies.set('adit-oidc', 'a.b.c.d.e');
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
  });

  it('when it comes a second time', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora');
    const cookie = browser.cookies.get('adit-oidc') ?? '';
    expect((await back(browser, url)).status).toBe(303);
    const again = new BrowserClient(platform.api);
    expect(await refusalOf(again, url)).toEqual(REFUSED);
    again.cookies.set('adit-oidc', cookie);
    expect(await refusalOf(again, url)).toEqual(REFUSED);
  });

  it('with the nonce of another sign-in', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora', (start) => start.searchParams.set('nonce', 'another'));
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
    expect(await reasons()).toContain('OAUTH_JWT_CLAIM_COMPARISON_FAILED');
  });

  it('with the challenge of another verifier', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora', (start) => start.searchParams.set('code_challenge', 'x'.repeat(43)));
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
    expect(await reasons()).toContain('OAUTH_RESPONSE_BODY_ERROR invalid_grant');
  });

  it('when its code is over', async () => {
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'dora');
    await delay(2_500);
    expect(await refusalOf(browser, url)).toEqual(REFUSED);
    expect(await reasons()).toContain('OAUTH_RESPONSE_BODY_ERROR invalid_grant');
  });

  it('from another issuer, without a code, or with an error', async () => {
    for (const change of [
      (url: URL) => url.searchParams.set('iss', 'https://evil.example'),
      (url: URL) => url.searchParams.delete('code'),
      (url: URL) => url.searchParams.set('error', 'access_denied'),
    ]) {
      const browser = new BrowserClient(platform.api);
      const url = await callbackOf(browser, 'dora');
      change(url);
      expect(await refusalOf(browser, url)).toEqual(REFUSED);
    }
  });

  it('for somebody who is not entered here, and for who is disabled', async () => {
    const stranger = new BrowserClient(platform.api);
    expect(await refusalOf(stranger, await callbackOf(stranger, 'mallory'))).toEqual(REFUSED);
    expect((await audited(platform, 'session.refused')).at(-1)?.details).toMatchObject({
      reason: 'unknown-subject',
      subject: 'mallory',
    });
    const id = await newIdentity('emil');
    await admin.ask('PATCH', `/api/v1/operators/${id}`, { disabled: true });
    const browser = new BrowserClient(platform.api);
    expect(await refusalOf(browser, await callbackOf(browser, 'emil'))).toEqual(REFUSED);
  });

  it('again and again more slowly', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 23; n += 1) {
      const browser = new BrowserClient(platform.api);
      await begin(browser);
      statuses.push((await browser.ask('GET', `${CALLBACK}?code=x&state=y`)).status);
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
  });

  it('without a code or a secret in the log or the audit', async () => {
    const kept = JSON.stringify([platform.lines, await platform.query('SELECT body FROM audit_event')]);
    expect(codes.filter((code) => code.length > 20).length).toBeGreaterThan(8);
    for (const secret of [...codes.filter(Boolean), provider.clientSecret]) expect(kept).not.toContain(secret);
    // An ID token, or what is left of one.
    expect(kept).not.toContain('eyJ');
  });
});

describe('somebody new whose claim gives a role', () => {
  it('is entered at the first sign-in, and has at each the roles that the claim gives then', async () => {
    const browser = new BrowserClient(platform.api);
    expect((await back(browser, await callbackOf(browser, 'fritz+cctv+other'))).status).toBe(303);
    const { body } = await browser.ask('GET', '/api/v1/sessions/current');
    expect(body).toMatchObject({ operator: { username: 'fritz', roles: ['viewer'] } });
    await platform.query("UPDATE operator SET identity_subject = 'fritz+cctv-admins' WHERE username = 'fritz'");
    const later = new BrowserClient(platform.api);
    expect((await back(later, await callbackOf(later, 'fritz+cctv-admins'))).status).toBe(303);
    expect((await later.ask('GET', '/api/v1/sessions/current')).body).toMatchObject({
      operator: { username: 'fritz', roles: ['administrator'] },
    });
    expect((await browser.ask('GET', '/api/v1/sessions/current')).status).toBe(401);
    const { body: now } = await later.ask<{ csrfToken: string }>('GET', '/api/v1/sessions/current');
    later.csrfToken = now.csrfToken;
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const order = { name: 'x', scopes: ['sites:read'], expiresAt };
    const { body: issued } = await later.ask<{ token: string }>('POST', '/api/v1/api-tokens', order);
    const program = new HttpClient(platform.api, issued.token);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(200);
    await platform.query("UPDATE operator SET identity_subject = 'fritz' WHERE username = 'fritz'");
    const last = new BrowserClient(platform.api);
    expect((await back(last, await callbackOf(last, 'fritz'))).status).toBe(401);
    expect((await later.ask('GET', '/api/v1/sessions/current')).status).toBe(401);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(401);
  });

  it('gets another name where his own is somebody else’s', async () => {
    const browser = new BrowserClient(platform.api);
    expect((await back(browser, await callbackOf(browser, 'admin+cctv'))).status).toBe(303);
    const { body } = await browser.ask<{ operator: { username: string; roles: string[] } }>(
      'GET',
      '/api/v1/sessions/current',
    );
    expect(body.operator.username).toMatch(/^oidc-[0-9a-f]{16}$/);
    expect(body.operator.roles).toEqual(['viewer']);
  });
});

describe('an administrator of another tenant', () => {
  const tenantOf = async (subject: string): Promise<[number, unknown]> => {
    const browser = new BrowserClient(platform.api);
    const { status } = await back(browser, await callbackOf(browser, subject));
    const { body } = await browser.ask<{ operator?: { tenantId: string } }>('GET', '/api/v1/sessions/current');
    return [status, body.operator?.tenantId];
  };

  it('enters nobody of the provider, and keeps nobody from being entered', async () => {
    const { rest } = await otherTenant(platform);
    const identity = { issuer: provider.issuer, subject: 'alice' };
    const { id } = (await rest.call('POST', '/operators', {
      username: 'mine',
      password: PASSWORD,
      roles: ['viewer'],
    })) as {
      id: string;
    };
    const asNew = rest.call('POST', '/operators', { username: 'a2', identity, roles: ['viewer'] });
    await expect(asNew).rejects.toThrow('403 forbidden');
    await expect(rest.call('PATCH', `/operators/${id}`, { identity })).rejects.toThrow('403 forbidden');
    expect((await audited(platform, 'operator.refused')).map(({ details }) => details)).toMatchObject([
      { reason: 'identity' },
      { reason: 'identity' },
    ]);
    await newIdentity('alice');
    expect(await tenantOf('alice')).toEqual([303, DEFAULT_TENANT_ID]);
  });

  it('has nobody sign in whom it entered before', async () => {
    const { tenantId } = await otherTenant(platform);
    await platform.query('UPDATE operator SET identity_issuer = $2, identity_subject = $3 WHERE tenant_id = $1', [
      tenantId,
      provider.issuer,
      'berta',
    ]);
    expect(await tenantOf('berta')).toEqual([401, undefined]);
  });

  it('enters them where the deployment trusts the tenant with it', async () => {
    const { rest } = await otherTenant(platform, TRUSTED_TENANT);
    const identity = { issuer: provider.issuer, subject: 'carla' };
    await rest.call('POST', '/operators', { username: 'carla', identity, roles: ['viewer'] });
    expect(await tenantOf('carla')).toEqual([303, TRUSTED_TENANT]);
  });
});

describe('a provider that is away', () => {
  it('is said to be, and is asked again', async () => {
    await newIdentity('gerda');
    const browser = new BrowserClient(platform.api);
    const url = await callbackOf(browser, 'gerda');
    await provider.stop();
    const { status, body } = await back(browser, url);
    expect([status, body['code']]).toEqual([503, 'unavailable']);
    await provider.start(`${platform.api}${CALLBACK}`);
    const again = new BrowserClient(platform.api);
    expect((await back(again, await callbackOf(again, 'gerda'))).status).toBe(303);
  });
});
