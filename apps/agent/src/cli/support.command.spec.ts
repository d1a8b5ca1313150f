import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Terminal } from '@app/terminal';
import { fromBufferPromise } from 'yauzl';
import { readEnvironment } from '../config.js';
import { SiteCameras, SiteDevices } from '../connectors/index.js';
import { StateDirectory } from '../state/state-directory.js';
import { UserStore } from '../users/user.store.js';
import { runCli } from './program.js';

/** Each stands somewhere in the state directory or the environment. */
const SECRETS = {
  inUrl: 'Ur1-Secret',
  inQuery: 'Qu3ry-Secret',
  besideUrl: 'B3side/Secret@x',
  inPath: 'P4th-Secret',
  stored: 'St0red Secret',
  device: 'D3vice-Secret',
  snapshot: 'Sn4p-Secret',
  user: 'Us3r-Secret-Passphrase',
  proxy: 'Pr0xy-Secret',
  passphrase: 'P4ss phrase Secret',
  keyfile: 'K3yfile-Secret-Text',
  agentFile: 'Ag3nt-Secret',
  token: 'T0ken-Secret-0123456789',
  hash: 'SGFzaC1TZWNyZXQtMDEyMzQ1Njc4OQ',
  key: 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSecret',
};

const PEM = `-----BEGIN PRIVATE KEY-----\n${SECRETS.key}\n-----END PRIVATE KEY-----\n`;
const HASH = `$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$${SECRETS.hash}`;

const CAMERAS = `cameras:
  - id: gate
    name: Gate
    streams:
      - { url: "rtsp://viewer:${SECRETS.inUrl}@127.0.0.1:1/high?token=${SECRETS.inQuery}#${SECRETS.inQuery}" }
      - { url: "rtsp://127.0.0.1:1/user=admin_password=${SECRETS.inPath}_channel=1", username: viewer, password: "${SECRETS.besideUrl}" }
    snapshot: { url: "http://127.0.0.1:1/picture?pwd=${SECRETS.inQuery}", username: viewer, password: "${SECRETS.snapshot}" }
`;

const RECORD = {
  kind: 'outage',
  outage: {
    id: '01900000-0000-7000-8000-000000000001',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-01T00:01:00.000Z',
    cause: 'peer-silent',
    faults: [
      {
        code: 'proxy-refused',
        endpoint: 'cloud:443',
        detail: `http://site:${SECRETS.proxy}@proxy:3128 said Bearer ${SECRETS.token}; password: ${SECRETS.device}`,
        count: 1,
        firstAt: '2026-01-01T00:00:10.000Z',
        lastAt: '2026-01-01T00:00:10.000Z',
      },
    ],
    restarts: 0,
    clockJumpMs: 0,
  },
};

const STATUS = {
  v: 1,
  pid: 1,
  instanceId: 'i',
  agentVersion: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
  writtenAt: '2026-01-01T00:00:00.000Z',
  leak: SECRETS.token,
  site: { siteId: 's', siteName: 'Site', agentId: 'a', certificateNotAfter: '2027-01-01T00:00:00.000Z' },
  tunnel: {
    state: 'waiting',
    since: '2026-01-01T00:00:00.000Z',
    broker: null,
    proxy: 'proxy:3128',
    sessionId: null,
    rttMs: null,
    clockSkewMs: null,
    nextAttemptAt: null,
  },
  troubles: [
    {
      code: 'x',
      message: `rtsp://viewer:${SECRETS.stored.replace(' ', '%20')}@127.0.0.1:1/`,
      at: '2026-01-01T00:00:00.000Z',
    },
    { code: 'y', message: `${HASH} ${PEM} said ${SECRETS.stored}`, at: '2026-01-01T00:00:00.000Z' },
  ],
  services: {},
  cameras: [{ id: 'gate', name: 'Gate', state: 'offline', reason: `no answer with ${SECRETS.besideUrl}` }],
};

describe('adit-agent support', () => {
  let dir: string;
  let state: string;
  let zip: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-support-'));
    state = join(dir, 'state');
    zip = join(dir, 'site.zip');
    const directory = await StateDirectory.create({ path: state, ephemeral: true });
    const put = (name: string, content: string): void => writeFileSync(join(state, name), content, { mode: 0o600 });
    put('cameras.yaml', CAMERAS);
    const account = { user: 'viewer', password: SECRETS.stored };
    const streams = [{ url: 'rtsp://127.0.0.1:2/high' }];
    await new SiteCameras(state).add({ id: 'yard', name: 'Yard', streams }, account, false);
    const device = {
      id: 'nvr',
      name: 'NVR',
      address: `http://admin:${SECRETS.device}@127.0.0.1:3/onvif/device_service`,
    };
    await new SiteDevices(state).add(device, undefined, false);
    await new UserStore(directory).add('federation', SECRETS.user);
    put('status.json', JSON.stringify(STATUS));
    put('connection-record.jsonl', `${JSON.stringify(RECORD)}\n`);
    put('connection-record-damaged.jsonl', SECRETS.token);
    put('identity.json', JSON.stringify({ privateKey: PEM, token: SECRETS.token }));
    put('renewal.json', JSON.stringify({ privateKey: PEM }));
    put('enrolment-1.json', JSON.stringify({ privateKey: PEM }));
    put('site-tls.json', JSON.stringify({ privateKey: PEM }));
    put('agent.yaml', `# ${SECRETS.agentFile}\nservices: { x: { address: "http://u:${SECRETS.agentFile}@h/" } }\n`);
    put('events-mark.json', SECRETS.token);
    put('onvif-known.json', SECRETS.token);
    writeFileSync(join(dir, 'passphrase'), `${SECRETS.passphrase}\n`);
  }, 30_000);

  afterAll(() => rmSync(dir, { recursive: true }));

  const run = async (...args: string[]): Promise<{ exitCode: number; told: string }> => {
    const [input, out, err] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const environment = {
      HTTPS_PROXY: `http://site:${encodeURIComponent(SECRETS.proxy)}@127.0.0.1:1`,
      ADIT_KEYFILE: SECRETS.keyfile,
      ADIT_KEYFILE_PASSPHRASE_FILE: join(dir, 'passphrase'),
      ADIT_CONTAINER: 'false',
    };
    const context = { terminal: new Terminal(input, out, err), environment: () => readEnvironment(environment) };
    const exitCode = await runCli([...args, '--state', state], context);
    out.end();
    err.end();
    return { exitCode, told: (await text(out)) + (await text(err)) };
  };

  const contents = async (): Promise<Map<string, string>> => {
    const read = await fromBufferPromise(readFileSync(zip));
    const files = new Map<string, string>();
    for await (const entry of read.eachEntry()) {
      files.set(entry.fileName, await text(await read.openReadStreamPromise(entry)));
    }
    return files;
  };

  it('holds no secret of the state directory or the environment, in no spelling', async () => {
    expect(await run('support', '-o', zip)).toMatchObject({ exitCode: 0 });
    const files = await contents();
    const all = [...files.values()].join('\n');
    const spelt = Object.entries(SECRETS).flatMap(([name, secret]) =>
      [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')].map(
        (spelling) => [name, spelling] as const,
      ),
    );
    expect(spelt.filter(([, spelling]) => all.includes(spelling))).toEqual([]);
    expect(all).not.toMatch(/PRIVATE KEY|argon2/);
    expect([...files.keys()].sort()).toEqual(
      [
        'README.txt',
        ...['cameras', 'config', 'diag', 'files', 'onvif', 'record', 'status', 'versions'].map(
          (name) => `${name}.json`,
        ),
      ].sort(),
    );
  }, 60_000);

  it('says all that is no secret', async () => {
    const files = await contents();
    const json = (name: string): unknown => JSON.parse(files.get(`${name}.json`) ?? 'null');
    expect(json('cameras')).toMatchObject([
      {
        id: 'gate',
        account: 'in-list',
        streams: [{ url: 'rtsp://127.0.0.1:1/high' }, {}],
        snapshot: { url: 'http://127.0.0.1:1/picture' },
      },
      { id: 'yard', account: 'stored' },
    ]);
    expect(json('onvif')).toMatchObject([{ id: 'nvr', service: 'http://127.0.0.1:3/onvif/device_service' }]);
    expect(json('config')).toMatchObject({
      environment: { ADIT_KEYFILE: 'set', HTTPS_PROXY: 'set', ADIT_LOG_LEVEL: 'info' },
      proxy: { address: '127.0.0.1:1', account: 'set' },
    });
    expect(json('record')).toMatchObject([
      { cause: 'peer-silent', faults: [{ code: 'proxy-refused', endpoint: 'cloud:443' }] },
    ]);
    expect(json('status')).toMatchObject({ running: false, tunnel: { state: 'waiting' } });
    expect(json('diag')).toMatchObject({ ok: false, running: false });
  });

  it('is for its owner alone, and replaces a file or a link only when it is told to', async () => {
    expect(statSync(zip).mode & 0o777).toBe(0o600);
    const before = readFileSync(zip);
    expect(await run('support', '-o', zip)).toMatchObject({
      exitCode: 73,
      told: expect.stringContaining('support-file-exists') as string,
    });
    expect(readFileSync(zip)).toEqual(before);
    const link = join(dir, 'link.zip');
    symlinkSync(join(dir, 'elsewhere'), link);
    expect((await run('support', '-o', link)).exitCode).toBe(73);
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
    expect((await run('support', '-o', link, '--force')).exitCode).toBe(0);
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
    expect(await run('support', '-o', join(dir, 'none', 'x.zip'))).toMatchObject({
      exitCode: 73,
      told: expect.stringContaining('support-file-unwritable') as string,
    });
  }, 60_000);
});
