import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { Terminal } from '@app/terminal';
import { readEnvironment } from '../config.js';
import { runCli } from './program.js';

class Collected extends Writable {
  text = '';
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Ending {
  exitCode: number;
  out: string;
  err: string;
}

const cli = async (args: string[], environment: Record<string, string> = {}, input?: string): Promise<Ending> => {
  const [stdin, out, err] = [new PassThrough(), new Collected(), new Collected()];
  if (input !== undefined) stdin.end(input);
  const context = { terminal: new Terminal(stdin, out, err), environment: () => readEnvironment(environment) };
  return { exitCode: await runCli(args, context), out: out.text, err: err.text };
};

describe('adit-agent', () => {
  let state: string;

  beforeEach(() => {
    state = join(mkdtempSync(join(tmpdir(), 'adit-cli-')), 'state');
  });

  afterEach(() => rmSync(join(state, '..'), { recursive: true }));

  const site = (...args: string[]): Promise<Ending> => cli([...args, '--state', state, '--ephemeral']);

  it.each([
    'inspect',
    'enrol',
    'enroll',
    'run',
    'status',
    'check',
    'diag',
    'events',
    'renew',
    'support',
    'camera',
    'camera add',
    'camera list',
    'camera test',
    'camera remove',
    'camera password',
    'camera import',
    'discover',
    'onvif',
    'onvif add',
    'onvif list',
    'onvif remove',
    'onvif password',
    'user',
    'user add',
    'user allow',
    'user list',
    'user password',
    'user remove',
    'reset',
  ])('%s explains itself, whatever the environment is like', async (command) => {
    const { exitCode, out } = await cli([...command.split(' '), '--help'], { ADIT_NONSENSE: '1' });
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Usage: adit-agent /);
    expect(out).toMatch(/\nExamples?:\n {2}adit-agent /);
  });

  it.each([[['bogus']], [['user', 'add']], [['enrol', '--timeout', 'soon']], [['status', '--bogus']]])(
    'answers %j with 64',
    async (args) => {
      expect(await cli(args)).toMatchObject({ exitCode: 64, out: '' });
    },
  );

  it('names what is wrong with its environment', async () => {
    expect(await cli(['status'], { ADIT_STATE: '/x' })).toMatchObject({
      exitCode: 78,
      err: expect.stringContaining('ADIT_STATE: unknown key') as string,
    });
    expect(await cli(['status'], { ADIT_STRICT: 'perhaps' })).toMatchObject({
      exitCode: 78,
      err: expect.stringContaining('ADIT_STRICT') as string,
    });
  });

  it('shows a generated password once, and a given one never', async () => {
    const made = await site('user', 'add', 'federation', '--json');
    expect(JSON.parse(made.out)).toMatchObject({
      username: 'federation',
      password: expect.stringMatching(/^\S{24}$/) as string,
    });
    const args = ['user', 'add', 'federation', '--password-stdin', '--state', state, '--ephemeral'];
    const given = await cli(args, {}, 'a given password\n');
    expect(given.exitCode).toBe(0);
    expect(given.out + given.err).not.toContain('a given password');
  });

  const withInput = (input: string, ...args: string[]): Promise<Ending> =>
    cli([...args, '--state', state, '--ephemeral'], {}, input);
  const everything = (): string =>
    readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join();

  it('keeps the accounts of cameras to itself', async () => {
    const url = 'rtsp://viewer@192.0.2.10/high';
    const add = ['camera', 'add', url, '--name', 'Front door', '--no-probe', '--password-stdin'];
    const added = await withInput('top secret\n', ...add, '--low', 'rtsp://192.0.2.10/low');
    const again = await withInput('top secret', ...add);
    const set = await withInput('other secret\n', 'camera', 'password', 'front-door', '--password-stdin');
    const listed = await cli(['camera', 'list', '--state', state]);
    const removed = await cli(['camera', 'remove', 'front-door', '--state', state]);
    const endings = [added, again, set, listed, removed];
    expect(endings.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
    expect(listed.out.split('\n').map((line) => line.split(' ')[0])).toEqual(['front-door', 'front-door-2', '']);
    expect(listed.out.match(/ stored /g)).toHaveLength(2);
    for (const { out, err } of endings) expect(out + err).not.toMatch(/secret|viewer/);
    expect(everything()).not.toMatch(/secret|viewer/);
    expect(statSync(join(state, 'cameras.yaml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(state, 'camera-accounts'))).toEqual(['front-door-2.json']);
  });

  it('keeps the accounts of ONVIF devices to itself', async () => {
    const add = ['onvif', 'add', '192.0.2.20', '--name', 'Gate', '--no-probe', '--user', 'viewer', '--password-stdin'];
    const added = await withInput('top secret\n', ...add, '--area', 'North/Hall');
    const again = await withInput('top secret\n', ...add, '--id', 'gate-192-0-2-20');
    const set = await withInput('other secret\n', 'onvif', 'password', 'gate-192-0-2-20', '--password-stdin');
    const listed = await cli(['onvif', 'list', '--state', state]);
    const inAddress = await site('onvif', 'add', 'http://viewer:top-secret@192.0.2.21', '--no-probe');
    const away = await site('onvif', 'add', '127.0.0.1:1');
    const endings = [added, again, set, listed, inAddress, away];
    expect(endings.map(({ exitCode }) => exitCode)).toEqual([0, 1, 0, 0, 64, 1]);
    expect(again.err).toMatch(/^camera-exists: /);
    expect(away.err).toMatch(/^camera-unreachable: /);
    expect(listed.out).toMatch(
      /^gate-192-0-2-20 +Gate +stored +http:\/\/192\.0\.2\.20\/onvif\/device_service +North\/Hall\n$/,
    );
    for (const { out, err } of endings) expect(out + err).not.toMatch(/secret|viewer/);
    expect(everything()).not.toMatch(/secret|viewer/);
    expect(statSync(join(state, 'onvif.yaml')).mode & 0o777).toBe(0o600);
    expect((await cli(['onvif', 'remove', 'gate-192-0-2-20', '--state', state])).exitCode).toBe(0);
    expect(readdirSync(join(state, 'camera-accounts'))).toEqual([]);
  });

  it.each([
    ['rtsp://viewer:top-secret@192.0.2.10/high', []],
    ['rtsp://192.0.2.10/high', ['--low', 'rtsp://viewer:top-secret@192.0.2.10/low']],
  ])('takes no password from the command line', async (url, more) => {
    const refused = await site('camera', 'add', url, ...more, '--no-probe');
    expect(refused.exitCode).toBe(64);
    expect(refused.err).toMatch(/^camera-invalid: .*list of processes\n.*--password-stdin/);
    expect(refused.out + refused.err).not.toMatch(/top-secret/);
    expect(existsSync(join(state, 'cameras.yaml'))).toBe(false);
  });

  it('asks nobody where nobody is, and adds nothing without the password', async () => {
    const { exitCode, err } = await site('camera', 'add', 'rtsp://viewer@192.0.2.10/high', '--no-probe');
    expect([exitCode, err]).toEqual([66, expect.stringMatching(/^camera-password-missing: /)]);
    expect(existsSync(join(state, 'cameras.yaml'))).toBe(false);
  });

  it('moves passwords out of the list when it is told to, and says so until then', async () => {
    await site('camera', 'add', 'rtsp://127.0.0.1:1/x', '--id', 'gate', '--no-probe');
    const list = join(state, 'cameras.yaml');
    writeFileSync(list, readFileSync(list, 'utf8').replace('rtsp://', 'rtsp://viewer:straw%20berry@'));
    const checked = await cli(['check', '--json', '--state', state]);
    expect(checked.out).toContain('camera-password-in-list');
    const before = await cli(['camera', 'list', '--json', '--state', state]);
    expect(JSON.parse(before.out)).toMatchObject([{ id: 'gate', account: 'in-list', urls: ['rtsp://127.0.0.1:1/x'] }]);
    expect(readFileSync(list, 'utf8')).toContain('berry');
    const moved = await cli(['camera', 'import', '--json', '--state', state]);
    expect(JSON.parse(moved.out)).toEqual({ moved: ['gate'] });
    expect(everything()).not.toMatch(/berry|viewer/);
    const tested = await cli(['camera', 'test', '--json', '--state', state]);
    expect(JSON.parse(tested.out)).toMatchObject([{ code: 'camera-unreachable', url: 'rtsp://127.0.0.1:1/x' }]);
    for (const { out, err } of [checked, before, moved, tested]) expect(out + err).not.toMatch(/berry|viewer/);
  });

  it('says what to do when the key of the store is lost', async () => {
    const add = ['camera', 'add', 'rtsp://viewer@127.0.0.1:1/x', '--id', 'gate', '--no-probe', '--password-stdin'];
    await withInput('straw berry', ...add);
    writeFileSync(join(state, 'camera-key.json'), '{}');
    const listed = await cli(['camera', 'list', '--json', '--state', state]);
    expect(JSON.parse(listed.out)).toMatchObject([{ account: 'camera-key-lost' }]);
    const tested = await cli(['camera', 'test', '--json', '--state', state]);
    expect(JSON.parse(tested.out)).toMatchObject([{ ok: false, code: 'camera-key-lost' }]);
    const password = ['camera', 'password', 'gate', '--user', 'viewer', '--password-stdin'];
    const refused = await withInput('black berry', ...password);
    expect(refused.err).toMatch(/^camera-key-lost: .*\nRestore camera-key.json/);
    rmSync(join(state, 'camera-key.json'));
    expect((await withInput('black berry', ...password)).exitCode).toBe(0);
    expect(JSON.parse((await cli(['camera', 'list', '--json', '--state', state])).out)).toMatchObject([
      { account: 'stored' },
    ]);
  });

  it('does not list a camera that does not answer, or what is no camera', async () => {
    expect(await site('camera', 'add', 'rtsp://127.0.0.1:1/x')).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^camera-unreachable/) as string,
    });
    expect(existsSync(join(state, 'cameras.yaml'))).toBe(false);
    const wrong = await site('camera', 'add', 'http://user:secret@192.0.2.10/');
    expect(wrong.exitCode).toBe(64);
    expect(wrong.err).not.toContain('secret');
  });

  it('resets only when somebody agrees, and forgets cameras and users only when told to', async () => {
    await site('user', 'add', 'federation');
    const reset = (...flags: string[]): Promise<Ending> => cli(['reset', '--state', state, ...flags]);
    expect(await reset()).toMatchObject({ exitCode: 77, err: expect.stringContaining('--yes') as string });
    const record = join(state, 'connection-record.jsonl');
    writeFileSync(record, '');
    expect((await reset('--yes')).exitCode).toBe(0);
    expect(existsSync(join(state, 'users.json'))).toBe(true);
    expect(existsSync(record)).toBe(false);
    expect((await reset('--yes', '--all')).exitCode).toBe(0);
    expect(existsSync(join(state, 'users.json'))).toBe(false);
  });

  it('asks for a replacement keyfile where the state was lost', async () => {
    const { exitCode, err } = await site('run');
    expect(exitCode).toBe(66);
    expect(err).toContain('ask for a replacement keyfile');
  });

  it.each([
    ['a file of something else', 'rtsp://x', 'keyfile-not-json', /^Choose the file/],
    ['half a keyfile', '{"format":"adit-keyfile","v":1', 'keyfile-truncated', /^Get the original/],
    ['a file that is far too long', ' '.repeat(30_000), 'keyfile-too-large', /^Choose the file/],
  ])('says of %s what to do next', async (_what, text, code, advice) => {
    const { exitCode, err } = await cli(['inspect', '-'], {}, text);
    expect(exitCode).toBe(65);
    const [first = '', second = ''] = err.split('\n');
    expect(first).toMatch(new RegExp(`^${code}: `));
    expect(second).toMatch(advice);
  });

  it('says what to do about a keyfile that is not there, and a camera that is not', async () => {
    expect((await cli(['inspect', '/nowhere/x'])).err).toBe(
      'keyfile-unreadable: /nowhere/x does not exist\nCheck the path, and that this user may read the file\n',
    );
    const { err } = await site('camera', 'add', 'rtsp://127.0.0.1:1/x');
    expect(err).toMatch(/^camera-unreachable: .*\nCheck host and port/);
  });

  it('adds to a site that is enrolled in a container, whatever its directory is on', async () => {
    const add = (): Promise<Ending> => cli(['user', 'add', 'host', '--state', state], { ADIT_CONTAINER: 'true' });
    expect((await add()).err).toMatch(/^state-not-a-volume: /);
    writeFileSync(join(state, 'identity.json'), '{}');
    expect((await add()).exitCode).toBe(0);
  });

  it('says of an account that was there already what that means for its hosts', async () => {
    expect((await site('user', 'add', 'federation')).err).not.toContain('was there');
    expect((await site('user', 'add', 'federation')).err).toContain('hosts that use it need the new password');
  });

  it('says of a camera whose address is on the list already which one has it', async () => {
    const add = (): Promise<Ending> => site('camera', 'add', 'rtsp://192.0.2.1/x', '--name', 'Gate', '--no-probe');
    expect((await add()).err).toBe('');
    expect((await add()).err).toBe(
      'Camera gate has the same address; adit-agent camera remove gate-2 takes this one away again.\n',
    );
  });

  it('gives an advice once, however many cameras have the fault', async () => {
    for (const name of ['A', 'B']) await site('camera', 'add', 'rtsp://127.0.0.1:1/x', '--name', name, '--no-probe');
    const { exitCode, out, err } = await site('check');
    expect(exitCode).toBe(1);
    expect(out.match(/camera-unreachable/g)).toHaveLength(2);
    expect(err.match(/^camera-unreachable: /gm)).toHaveLength(1);
  });

  it('checks as far as it can without a keyfile', async () => {
    const { exitCode, out } = await cli(['check', '--json', '--state', state]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ code: 'identity-missing', level: 'failure' }] });
  });
});
