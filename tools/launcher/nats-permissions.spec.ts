import * as contracts from '@app/contracts';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { findNatsServer } from './nats.mjs';
import { PERMISSIONS, natsConfiguration } from './nats-permissions.mjs';
import { createUserNkey } from './nkey.mjs';
import { freePort } from './port.mjs';

const matches = (pattern: string, subject: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[^.]+').replace('>', '.+')}$`).test(subject);

const heldBy = (kind: 'serves' | 'requests' | 'publishes', subject: string): string[] =>
  Object.entries(PERMISSIONS)
    .filter(([, rights]) => rights[kind].some((pattern) => matches(pattern, subject)))
    .map(([app]) => app);

const declared: { subject: string; reply?: unknown }[] = Object.values<unknown>(contracts).filter(
  (value): value is { subject: string } => typeof value === 'object' && value !== null && 'subject' in value,
);

describe('permissions in messaging', () => {
  it('let exactly one app serve each request of the contracts, and at least one other ask', () => {
    for (const { subject } of declared.filter((contract) => 'reply' in contract)) {
      expect({ subject, servers: heldBy('serves', subject).length }).toEqual({ subject, servers: 1 });
      expect({ subject, isAsked: heldBy('requests', subject).length > 0 }).toEqual({ subject, isAsked: true });
    }
  });

  it('let exactly one app publish each event of the contracts', () => {
    for (const { subject } of declared.filter((contract) => 'body' in contract)) {
      expect({ subject, publishers: heldBy('publishes', subject).length }).toEqual({ subject, publishers: 1 });
    }
  });
});

describe('a nats-server with the generated configuration', () => {
  const seeds = new Map<string, string>();
  const clients: NatsConnection[] = [];
  let dir: string;
  let port: number;
  let child: ChildProcess;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-nkeys-'));
    port = await freePort();
    const publicNkeys: Record<string, string> = {};
    for (const app of Object.keys(PERMISSIONS)) {
      const { seed, publicKey } = createUserNkey();
      seeds.set(app, seed);
      publicNkeys[app] = publicKey;
    }
    const file = join(dir, 'nats.conf');
    writeFileSync(file, natsConfiguration(publicNkeys).replace('port: 4222', `listen: "127.0.0.1:${port}"`));
    child = spawn(findNatsServer(), ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr?.on('data', (data) => {
        log += String(data);
        if (log.includes('Server is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(log)));
    });
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    child.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  const as = async (app: string): Promise<NatsConnection> => {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seeds.get(app)));
    const client = await connect({
      servers: `127.0.0.1:${port}`,
      authenticator,
      inboxPrefix: `_INBOX.${app}`,
      reconnect: false,
    });
    clients.push(client);
    return client;
  };

  it('lets the redirector ask federation and keeps the redirector from asking the issuer', async () => {
    const [redirector, federation] = [await as('video-redirector'), await as('federation')];
    federation.subscribe('media.open', {
      queue: 'federation',
      callback: (_error, message) => void message.respond('here'),
    });
    await federation.flush();
    expect((await redirector.request('media.open', '', { timeout: 2000 })).string()).toBe('here');
    await expect(redirector.request('keyfile.issue', '', { timeout: 2000 })).rejects.toThrow('Permissions Violation');
  });

  it('keeps federation, which publishes nothing, from publishing', async () => {
    const federation = await as('federation');
    await expect(federation.request('tunnel.up', '', { timeout: 2000 })).rejects.toThrow('Permissions Violation');
  });

  it('keeps the inside of federation to its processes: relayed there, a request would pass for one of theirs', async () => {
    const { subject } = contracts.federationRelay('bcf6a1d2-0000-4000-8000-000000000001');
    expect(heldBy('requests', subject)).toEqual(['federation']);
    const api = await as('admin-api');
    const relayed = JSON.stringify({ subject: contracts.mediaOpen.subject, request: {} });
    await expect(api.request(subject, relayed, { timeout: 2000 })).rejects.toThrow('Permissions Violation');
  });

  it('keeps one app from hearing the answers to another', async () => {
    const broker = await as('tunnel-broker');
    const heard = new Promise((resolve) => {
      broker.subscribe('_INBOX.admin-api.>', { callback: (error) => resolve(error?.name) });
    });
    expect(await heard).toBe('PermissionViolationError');
  });

  it('refuses a client without a key', async () => {
    await expect(connect({ servers: `127.0.0.1:${port}`, reconnect: false })).rejects.toMatchObject({
      name: 'AuthorizationError',
    });
  });
});
