import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorCli } from '../harness/operator-cli.js';
import { Platform } from '../harness/platform.js';

/** Every command is a process of its own. */
jest.setTimeout(60_000);

interface Line {
  id: string;
  username: string;
  password?: string;
  usages: string[];
  level: number;
  expiresAt: string | null;
  revokedAt: string | null;
}

let platform: Platform;
let operator: OperatorCli;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api', 'federation'] });
  operator = new OperatorCli();
  const input = `${readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim()}\n`;
  const login = ['login', '--url', platform.api, '--username', 'admin', '--password-file', '-'];
  await operator.run(login, { input });
  await operator.ok('site', 'create', 'Hamburg');
});

afterAll(async () => {
  operator?.remove();
  await platform?.stop();
});

const contentOf = (file: string): { user: string; password: string } => {
  const [, user = '', password = ''] =
    /^# user (\S+), password (\S+)$/m.exec(readFileSync(operator.file(file), 'utf8')) ?? [];
  return { user, password };
};

it('an account is made into a private file, shown, given another password and ended', async () => {
  const flags = ['--site', 'hamburg', '--usage', 'live', '--usage', 'recording', '--level', '7', '--valid-for', '30d'];
  const [made] = await operator.json<Line>('stream-account', 'create', 'Control room', ...flags);
  expect(made).toMatchObject({ usages: ['live', 'recording'], level: 7, expiresAt: expect.any(String) as string });
  expect(made?.password).toBeUndefined();
  expect(statSync(operator.file('Control-room.rtsp')).mode & 0o777).toBe(0o600);
  const first = contentOf('Control-room.rtsp');
  expect([first.user, first.password.length]).toEqual([made?.username, 27]);
  const template = `# rtsp://${first.user}:${first.password}@127.0.0.1:${platform.ports.rtsp}/{site}/{camera}/{usage}`;
  expect(readFileSync(operator.file('Control-room.rtsp'), 'utf8')).toContain(template);

  expect(await operator.ok('stream-account', 'list')).toMatch(/Control room .* 1 sites .*live,recording/);
  const id = made?.id ?? '';
  const refused = await operator.run(['stream-account', 'rotate', id, '--yes']);
  expect([refused.exitCode, refused.err]).toEqual([73, expect.stringContaining('is there already')]);
  await operator.ok('stream-account', 'rotate', id, '--yes', '--output', 'next.rtsp');
  expect(contentOf('next.rtsp').password).not.toBe(first.password);

  expect(await operator.run(['stream-account', 'revoke', id])).toMatchObject({ exitCode: 77 });
  await operator.ok('stream-account', 'revoke', id, '--yes');
  expect((await operator.json<Line>('stream-account', 'list'))[0]?.revokedAt).toEqual(expect.any(String));
});

it('an account for nothing, or for what is not there, leaves no file', async () => {
  expect(await operator.run(['stream-account', 'create', 'Nothing'])).toMatchObject({ exitCode: 64 });
  for (const [exitCode, ...flags] of [
    [1, '--site', 'bremen'],
    [1, '--site', 'hamburg', '--from', '10/8'],
    [64, '--site', 'hamburg', '--usage', 'best'],
  ] as const) {
    expect(await operator.run(['stream-account', 'create', 'Nothing', ...flags])).toMatchObject({ exitCode });
  }
  expect(existsSync(operator.file('Nothing.rtsp'))).toBe(false);
});
