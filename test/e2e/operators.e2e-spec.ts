import { Platform } from '../harness/platform.js';
import { type Answer, HttpClient } from './http-client.js';
import { audited, firstPassword, newOperator, signInFirst } from './operators.js';

const OPERATORS = '/api/v1/operators';
const CURRENT = '/api/v1/sessions/current';

let platform: Platform;
let admin: HttpClient;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api'] });
  admin = await signInFirst(platform);
}, 60_000);

afterAll(() => platform?.stop());

const idOf = async (username: string): Promise<string> =>
  (await platform.query<{ id: string }>('SELECT id FROM operator WHERE username = $1', [username]))[0]?.id ?? '';

const signIn = (username: string, password: string): Promise<Answer> =>
  new HttpClient(platform.api).ask('POST', '/api/v1/sessions', { username, password });

describe('operators', () => {
  it('are made, listed and found without their passwords', async () => {
    const { id, username, password } = await newOperator(platform, admin, ['viewer', 'operator']);
    const found = await admin.ask('GET', `${OPERATORS}/${id}`);
    expect(found.body).toMatchObject({ username, roles: ['viewer', 'operator'], hasPassword: true, identity: null });
    const list = await admin.ask<{ items: { id: string }[] }>('GET', OPERATORS);
    expect(list.body.items.map((item) => item.id)).toContain(id);
    const rows = await platform.query('SELECT * FROM operator');
    const events = await platform.query('SELECT body FROM audit_event');
    expect(JSON.stringify([found.body, list.body, rows, events, platform.lines])).not.toContain(password);
  });

  it.each([
    ['without a way to sign in', { username: 'x1', roles: ['viewer'] }, '/password'],
    ['with a short password', { username: 'x1', password: 'short', roles: ['viewer'] }, '/password'],
    ['without a role', { username: 'x1', password: 'long enough it is', roles: [] }, '/roles'],
    ['with a role that is none', { username: 'x1', password: 'long enough it is', roles: ['root'] }, '/roles'],
    ['with a role twice', { username: 'x1', password: 'long enough it is', roles: ['viewer', 'viewer'] }, '/roles'],
    [
      'with a name that reads as another',
      { username: 'a:b', password: 'long enough it is', roles: ['viewer'] },
      '/username',
    ],
    ['with an identity that is null', { username: 'x1', identity: null, roles: ['viewer'] }, '/identity'],
    [
      'with an issuer that is no address',
      { username: 'x1', identity: { issuer: 'nobody', subject: 's' }, roles: ['viewer'] },
      '/identity/issuer',
    ],
  ])('are refused %s', async (_title, body, pointer) => {
    const answer = await admin.ask<{ code: string; errors: { pointer: string }[] }>('POST', OPERATORS, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
    expect(answer.body.errors.map((error) => error.pointer)).toContain(pointer);
  });

  it('have a name each, whatever its case', async () => {
    const { username } = await newOperator(platform, admin, ['viewer']);
    const again = { username: username.toUpperCase(), password: 'long enough it is', roles: ['viewer'] };
    const { status, body } = await admin.ask('POST', OPERATORS, again);
    expect([status, body['code']]).toEqual([409, 'username-taken']);
  });

  it('lose their sessions and their API tokens when they are disabled, and get neither back', async () => {
    const { id, username, password, client } = await newOperator(platform, admin, ['viewer']);
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const order = { name: 'x', scopes: ['sites:read'], expiresAt };
    const { body } = await client.ask<{ token: string }>('POST', '/api/v1/api-tokens', order);
    const program = new HttpClient(platform.api, body.token);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(200);
    expect((await admin.ask('PATCH', `${OPERATORS}/${id}`, { disabled: true })).body['disabledAt']).not.toBeNull();
    expect((await client.ask('GET', CURRENT)).status).toBe(401);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(401);
    expect((await signIn(username, password)).status).toBe(401);
    expect((await admin.ask('PATCH', `${OPERATORS}/${id}`, { disabled: false })).body['disabledAt']).toBeNull();
    expect((await client.ask('GET', CURRENT)).status).toBe(401);
    expect((await program.ask('GET', '/api/v1/sites')).status).toBe(401);
    expect((await signIn(username, password)).status).toBe(201);
  });

  it('lose their sessions when their roles change, and have the new ones at once', async () => {
    const { id, username, password, client } = await newOperator(platform, admin, ['viewer']);
    await admin.ask('PATCH', `${OPERATORS}/${id}`, { roles: ['operator'] });
    expect((await client.ask('GET', CURRENT)).status).toBe(401);
    const again = await new HttpClient(platform.api).signIn(username, password);
    expect((await again.ask('POST', '/api/v1/sites', { name: 'Bremen' })).status).toBe(201);
  });

  it('have no session left that raced with their being disabled', async () => {
    const { id, username, password } = await newOperator(platform, admin, ['viewer']);
    const opened = [1, 2, 3, 4].map(() => signIn(username, password));
    await admin.ask('PATCH', `${OPERATORS}/${id}`, { disabled: true });
    for (const { status, body } of await Promise.all(opened)) {
      if (status !== 201) continue;
      const { status: now } = await new HttpClient(platform.api, String(body['token'])).ask('GET', CURRENT);
      expect(now).toBe(401);
    }
  });
});

describe('nobody', () => {
  it('gives a role with permissions that he lacks, nor rules over who has them', async () => {
    const { client, username } = await newOperator(platform, admin, ['administrator']);
    const officer = await newOperator(platform, admin, ['security-officer']);
    const own = await idOf(username);
    const attempts: [string, string, unknown][] = [
      ['POST', OPERATORS, { username: 'officer2', password: 'long enough it is', roles: ['security-officer'] }],
      ['PATCH', `${OPERATORS}/${own}`, { roles: ['administrator', 'security-officer'] }],
      ['PATCH', `${OPERATORS}/${officer.id}`, { roles: ['viewer'] }],
      ['PATCH', `${OPERATORS}/${officer.id}`, { disabled: true }],
      ['PUT', `${OPERATORS}/${officer.id}/password`, { password: 'long enough it is' }],
    ];
    for (const [method, path, body] of attempts) {
      const answer = await client.ask(method, path, body);
      expect([method, path, answer.status, answer.body['code']]).toEqual([method, path, 403, 'forbidden']);
      expect(answer.body['detail']).toContain('authority:write');
    }
    expect((await audited(platform, 'operator.refused')).length).toBe(attempts.length);
    expect((await officer.client.ask('GET', CURRENT)).status).toBe(200);
  });

  describe('leaves the tenant', () => {
    const roles = ['administrator', 'security-officer'];

    beforeEach(async () => {
      await platform.query("UPDATE operator SET disabled_at = CASE WHEN username <> 'admin' THEN now() END");
      admin = await signInFirst(platform);
    });

    it('without its last administrator or security officer', async () => {
      const self = await idOf('admin');
      for (const change of [{ disabled: true }, { roles: ['administrator'] }, { roles: ['security-officer'] }]) {
        const { status, body } = await admin.ask('PATCH', `${OPERATORS}/${self}`, change);
        expect([status, body['code']]).toEqual([409, 'last-administrator']);
      }
      expect((await admin.ask('GET', CURRENT)).status).toBe(200);
    });

    it('without both of two who disable each other at once, while a third is there', async () => {
      const [one, two] = [await newOperator(platform, admin, roles), await newOperator(platform, admin, roles)];
      const answers = await Promise.all([
        one.client.ask('PATCH', `${OPERATORS}/${two.id}`, { disabled: true }),
        two.client.ask('PATCH', `${OPERATORS}/${one.id}`, { disabled: true }),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    it('without one by two who disable each other at once', async () => {
      const self = await idOf('admin');
      const second = await newOperator(platform, admin, roles);
      await Promise.all([
        admin.ask('PATCH', `${OPERATORS}/${second.id}`, { disabled: true }),
        second.client.ask('PATCH', `${OPERATORS}/${self}`, { disabled: true }),
      ]);
      const left = await platform.query(
        "SELECT FROM operator WHERE 'administrator' = ANY (roles) AND disabled_at IS NULL",
      );
      expect(left).toHaveLength(1);
    });
  });
});

describe('passwords', () => {
  beforeAll(async () => {
    await platform.query("UPDATE operator SET disabled_at = NULL WHERE username = 'admin'");
    admin = await signInFirst(platform);
  });

  it('are changed by who knows the current one, and other sessions end', async () => {
    const { username, password, client } = await newOperator(platform, admin, ['viewer']);
    const other = await new HttpClient(platform.api).signIn(username, password);
    const path = `${OPERATORS}/current/password`;
    const next = 'another password of mine';
    const wrong = await client.ask('PUT', path, { currentPassword: 'not it', password: next });
    expect([wrong.status, wrong.body['code']]).toEqual([400, 'invalid-request']);
    expect((await client.ask('PUT', path, { currentPassword: password, password: next })).status).toBe(204);
    expect([(await client.ask('GET', CURRENT)).status, (await other.ask('GET', CURRENT)).status]).toEqual([200, 401]);
    expect([(await signIn(username, password)).status, (await signIn(username, next)).status]).toEqual([401, 201]);
  });

  it('are not guessed at through an open session', async () => {
    const { client } = await newOperator(platform, admin, ['viewer']);
    const attempt = { currentPassword: 'not it', password: 'another password of mine' };
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1)
      statuses.push((await client.ask('PUT', `${OPERATORS}/current/password`, attempt)).status);
    expect(statuses.slice(-1)).toEqual([429]);
  });

  it('are reset by an administrator, and everything that the operator had open ends', async () => {
    const { id, username, password, client } = await newOperator(platform, admin, ['viewer']);
    const next = 'set by the administrator';
    expect((await admin.ask('PUT', `${OPERATORS}/${id}/password`, { password: next })).status).toBe(204);
    expect((await client.ask('GET', CURRENT)).status).toBe(401);
    expect([(await signIn(username, password)).status, (await signIn(username, next)).status]).toEqual([401, 201]);
    expect(JSON.stringify([await audited(platform, 'operator.password-reset'), platform.lines])).not.toContain(next);
    expect(firstPassword(platform)).not.toBe(next);
  });
});
