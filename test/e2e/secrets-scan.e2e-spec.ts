import { createPrivateKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { digestSecretOf } from '@app/contracts';
import { Authorization } from '@app/media';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';
import { HttpClient } from './http-client.js';

/** The log as a whole: what the platform keeps of it is cut. */
const logged: string[] = [];
/** What must be nowhere, by what it is. */
const secrets = new Map<string, string>();

let platform: Platform;
let admin: HttpClient;
let site: Site;

const keep = (what: string, secret: string | undefined): void => {
  if (secret === undefined || secret.length < 12) throw new Error(`${what}: no secret to look for`);
  secrets.set(what, secret);
};

const post = async <Body>(path: string, body: object): Promise<Body> => {
  const answer = await admin.ask<Body>('POST', `/api/v1${path}`, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** Everything that an operator does in a first week, with a site that enrols, renews, federates and is watched. */
beforeAll(async () => {
  platform = await Platform.start();
  const note = platform.note.bind(platform);
  platform.note = (name, line) => {
    logged.push(line);
    note(name, line);
  };
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  keep('the first password', password);
  const session = await new HttpClient(platform.api).ask<{ token: string }>('POST', '/api/v1/sessions', {
    username: 'admin',
    password,
  });
  keep('a session', session.body.token);
  admin = new HttpClient(platform.api, session.body.token);
  await refusals();
  await operators();
  await keyfiles();
  await useOfTheSite();
  await streamAccount();
}, 120_000);

afterAll(() => platform?.stop());

/** Who mistypes writes secrets where they do not belong. */
const refusals = async (): Promise<void> => {
  const mistyped = `mistyped-${randomUUID()}`;
  keep('a password typed wrong', mistyped);
  await new HttpClient(platform.api).ask('POST', '/api/v1/sessions', { username: 'admin', password: mistyped });
  await new HttpClient(platform.api).ask('POST', '/api/v1/sessions', { username: mistyped, password: 'x' });
  await admin.ask('POST', '/api/v1/operators', { username: 'eva', password: mistyped, roles: ['no-such-role'] });
  await admin.ask('POST', '/api/v1/onboardings', { passphrase: mistyped, rows: [{ wrong: true }] });
};

const operators = async (): Promise<void> => {
  const password = `operator-${randomUUID()}`;
  keep('the password of an operator', password);
  await post('/operators', { username: 'eva', password, roles: ['operator'] });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const { token } = await post<{ token: string }>('/api-tokens', { name: 'Script', scopes: ['sites:read'], expiresAt });
  keep('an API token', token);
  await new HttpClient(platform.api, token).ask('GET', '/api/v1/sites');
  const { secret } = await post<{ secret: string }>('/webhooks', {
    url: 'https://receiver.example/adit',
    events: ['site.offline'],
  });
  keep('the secret of a webhook', secret);
};

const keyfiles = async (): Promise<void> => {
  const passphrase = `passphrase-${randomUUID()}`;
  keep('the passphrase of a keyfile', passphrase);
  const { id } = await post<{ id: string }>('/sites', { name: 'Sealed' });
  await post(`/sites/${id}/keyfiles`, { passphrase });
  const batch = `batch-${randomUUID()}`;
  keep('the passphrase of a batch', batch);
  const { id: onboarding } = await post<{ id: string }>('/onboardings', {
    passphrase: batch,
    rows: [{ name: 'Bremen' }],
  });
  const ends = Date.now() + 30_000;
  for (let state = ''; state !== 'completed';) {
    if (Date.now() > ends) throw new Error(`the batch is ${state} after 30 s`);
    ({ state } = (await admin.ask<{ state: string }>('GET', `/api/v1/onboardings/${onboarding}`)).body);
  }
};

const useOfTheSite = async (): Promise<void> => {
  site = await platform.createSite('Hamburg');
  const { token, claim } = JSON.parse(readFileSync(site.keyfile, 'utf8')) as {
    token: string;
    claim: { privateKey: string };
  };
  keep('the token of a keyfile', token);
  keep('the claim key of a keyfile', scalarOf(claim.privateKey));
  await site.run();
  await site.agent(['renew']);
  await site.federate();
  for (const file of ['identity.json', 'site-tls.json']) {
    const kept = JSON.parse(readFileSync(join(site.stateDir, file), 'utf8')) as { privateKey?: string; key?: string };
    keep(`the key in ${file}`, scalarOf(kept.privateKey ?? kept.key ?? ''));
  }
};

/** With what is kept of a password a recorder could sign in as well as with the password. */
const streamAccount = async (): Promise<void> => {
  const account = { name: 'Recorder', siteIds: [site.record.id] };
  const { username, password } = await post<{ username: string; password: string }>('/stream-accounts', account);
  const { md5, sha256 } = digestSecretOf(username, password);
  keep('the password of a stream account', password);
  keep('its hash for Digest MD5', md5);
  keep('its hash for Digest SHA-256', sha256);
  for (const [user, secret] of [
    [username, password],
    [username, `wrong-${password}`],
  ] as const) {
    const client = new Authorization({ user, password: secret });
    const url = `rtsp://127.0.0.1:${platform.ports.rtsp}/${site.record.label}/no-camera/live`;
    const ask = async (socket: Socket): Promise<string> => {
      const header = client.header('DESCRIBE', url);
      socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n${header ? `Authorization: ${header}\r\n` : ''}\r\n`);
      return String(((await once(socket, 'data')) as [Buffer])[0]);
    };
    const socket = connect({ host: '127.0.0.1', port: platform.ports.rtsp, noDelay: true });
    await once(socket, 'connect');
    const challenged = await ask(socket);
    client.accept([...challenged.matchAll(/^www-authenticate: *(.+)\r$/gim)].map(([, challenge = '']) => challenge));
    await ask(socket);
    socket.destroy();
  }
};

/** The private number of a key, in base64url: what a PEM file, a JWK and a DER file all contain in some form. */
const scalarOf = (pem: string): string => createPrivateKey(pem).export({ format: 'jwk' }).d ?? '';

/** In each form in which rows and lines could hold it. */
const formsOf = (secret: string): string[] => {
  const bytes = [Buffer.from(secret), Buffer.from(secret, 'base64url')].filter((form) => form.length >= 12);
  return [secret, ...bytes.flatMap((form) => [form.toString('hex'), form.toString('base64').replaceAll('=', '')])];
};

const findings = (text: string): string[] =>
  [...secrets].flatMap(([what, secret]) => (formsOf(secret).some((form) => text.includes(form)) ? [what] : []));

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });

describe('no secret', () => {
  it('is looked for in vain only because it is not there', () => {
    expect(secrets.size).toBe(15);
    const [first = ''] = secrets.values();
    expect(findings(`a line with ${Buffer.from(first).toString('hex')} in it`)).toEqual(['the first password']);
  });

  it('stands in a row of the database, the audit included', async () => {
    const tables = await platform.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    expect(tables.length).toBeGreaterThan(30);
    for (const { name } of tables) {
      const rows = await platform.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`);
      expect([name, findings(rows.map(({ row }) => row).join('\n'))]).toEqual([name, []]);
    }
  });

  it('stands in a log', () => {
    expect(logged.length).toBeGreaterThan(20);
    expect(findings(logged.join('\n'))).toEqual([]);
  });

  it('stands in the arguments or the environment of a process', () => {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const told = pids.flatMap((pid) =>
      ['cmdline', 'environ'].map((file) => {
        try {
          return readFileSync(join('/proc', pid, file), 'latin1');
        } catch {
          return '';
        }
      }),
    );
    expect(findings(told.join('\n'))).toEqual([]);
  });

  it('stands in a file that others may read, nor in a core file', () => {
    const files = filesBelow(platform.dataDir);
    expect(files.filter((path) => /(?:^|\/)core(?:\.\d+)?$/.test(path))).toEqual([]);
    const open = files.filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(open.flatMap((path) => findings(readFileSync(path, 'latin1')).map((what) => [path, what]))).toEqual([]);
  });
});
