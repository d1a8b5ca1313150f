import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Platform } from '../harness/platform.js';
import { HttpClient } from './http-client.js';
import { audited, firstPassword } from './operators.js';

let platform: Platform;
let password: string;

beforeAll(async () => {
  const extra = { 'admin-api': { ADIT_TLS_PROXY: 'true', ADIT_TLS_PROXY_FROM: '127.0.0.1/32' } };
  platform = await Platform.start({ apps: ['admin-api'], extra });
  password = firstPassword(platform);
}, 60_000);

beforeEach(() => platform.query('DELETE FROM sign_in_attempt'));

afterAll(() => platform?.stop());

/** From whatever address the proxy says. @returns status */
const attempt = async (address: string, username: string, secret = 'wrong'): Promise<number> => {
  const headers = { 'x-forwarded-for': address, 'x-forwarded-proto': 'https' };
  const body = { username, password: secret };
  return (await new HttpClient(platform.api).ask('POST', '/api/v1/sessions', body, headers)).status;
};

/** As `attempt`, past the proxy: from another address of this machine. */
const attemptPast = (claimed: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': claimed,
      'x-forwarded-proto': 'https',
    };
    const sent = request(`${platform.api}/api/v1/sessions`, { method: 'POST', headers, localAddress: '127.0.0.2' });
    sent.once('error', reject).once('response', (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.end(JSON.stringify({ username: 'admin', password: 'wrong' }));
  });

const attempts = async (count: number, next: (n: number) => Promise<number>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push(await next(n));
  return statuses;
};

const failuresOf = async (): Promise<number[]> =>
  (await platform.query<{ failures: number }>('SELECT failures FROM sign_in_attempt ORDER BY failures')).map(
    ({ failures }) => failures,
  );

describe('the sign-in limit', () => {
  it('survives a restart', async () => {
    await attempts(6, () => attempt('192.0.2.1', 'admin'));
    await platform.query("UPDATE sign_in_attempt SET blocked_until = now() + interval '1 minute' WHERE failures = 6");
    await platform.kill('admin-api');
    expect(await attempt('192.0.2.1', 'admin', password)).toBe(429);
  }, 40_000);

  it('doubles the wait with each failure beyond the free ones, up to five minutes', async () => {
    await attempts(5, () => attempt('192.0.2.1', 'someone'));
    const waits: number[] = [];
    for (let n = 0; n < 11; n += 1) {
      await platform.query(
        "UPDATE sign_in_attempt SET blocked_until = '-infinity', failures = least(failures, 10 + $1)",
        [n],
      );
      expect(await attempt('192.0.2.1', 'someone')).toBe(401);
      const [row] = await platform.query<{ wait: number }>(
        'SELECT round(extract(epoch FROM max(blocked_until) - max(last_at)))::int AS wait FROM sign_in_attempt',
      );
      waits.push(row?.wait ?? 0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  }, 30_000);

  it('counts attempts that are made at once one by one', async () => {
    const statuses = await Promise.all(Array.from({ length: 16 }, () => attempt('192.0.2.1', 'admin')));
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(6);
    expect(Math.max(...(await failuresOf()))).toBeLessThanOrEqual(6);
  });

  it('lets a right password through between wrong ones, and begins anew after it', async () => {
    await attempts(4, () => attempt('192.0.2.1', 'admin'));
    expect(await attempt('192.0.2.1', 'admin', password)).toBe(201);
    expect(await attempts(5, () => attempt('192.0.2.1', 'admin'))).toEqual([401, 401, 401, 401, 401]);
  });

  it('believes no address that somebody else than the proxy forwards', async () => {
    const statuses = await attempts(7, (n) => attemptPast(`198.51.100.${n}`));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
    const from = (await audited(platform, 'session.refused')).map(({ details }) => details['address']);
    expect(from).toContain('127.0.0.2');
    expect(JSON.stringify(from)).not.toContain('198.51.100.');
  });

  it('keeps nobody out who has the right password, whatever strangers do with his name', async () => {
    const stranger = (n: number): string => `198.18.${n >> 8}.${n & 255}`;
    expect(new Set(await attempts(51, (n) => attempt(stranger(n), 'admin')))).toEqual(new Set([401]));
    let next = 51;
    const pending: Promise<unknown>[] = [];
    const flood = setInterval(() => pending.push(attempt(stranger((next += 1)), 'admin')), 60);
    try {
      const until = Date.now() + 15_000;
      let status = 0;
      while (status !== 201 && Date.now() < until) {
        status = await attempt('192.0.2.200', 'admin', password);
        if (status === 429) await delay(1_000);
      }
      expect(status).toBe(201);
    } finally {
      clearInterval(flood);
      await Promise.all(pending);
    }
  }, 40_000);

  it('makes one network wait that tries many names, IPv6 by its /64', async () => {
    const statuses = await attempts(22, (n) => attempt(`2001:db8::${n + 1}`, `name-${n}`));
    expect(statuses.slice(0, 21)).toEqual(Array.from({ length: 21 }, () => 401));
    expect(statuses.at(-1)).toBe(429);
    expect(await attempt('2001:db8:0:1::1', 'name-x')).toBe(401);
  }, 30_000);

  it('keeps no name and no address, and forgets what is old', async () => {
    const typed = `a password ${randomBytes(4).toString('hex')}`;
    await attempt('192.0.2.77', typed);
    const rows = await platform.query('SELECT *, encode(key, $1) AS hex FROM sign_in_attempt', ['escape']);
    const events = await platform.query('SELECT body FROM audit_event');
    expect(rows).toHaveLength(2);
    expect(JSON.stringify([rows, events, platform.lines])).not.toContain(typed);
    await platform.query("UPDATE sign_in_attempt SET last_at = now() - interval '16 minutes'");
    await attempt('192.0.2.78', 'another');
    expect(await failuresOf()).toEqual([1, 1]);
  });
});
