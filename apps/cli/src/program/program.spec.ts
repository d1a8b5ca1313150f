import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli } from './program.kit.js';
import { COMMANDS } from './registry.js';

const CLI_DOC = readFileSync(join(__dirname, '../../../../docs/cli.md'), 'utf8');
const listed = COMMANDS.filter(({ hidden }) => hidden !== true);

describe('adit', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'adit-cli-'));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  it.each(COMMANDS.map(({ path }) => path))(
    '%s explains itself with an example, whatever the environment is like',
    async (path) => {
      const { exitCode, out } = await cli([...path.split(' '), '--help'], { XDG_CONFIG_HOME: 'not absolute' });
      expect(exitCode).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: adit ${path} `));
      expect(out).toMatch(/\nExamples:\n {2}\S/);
    },
  );

  it('has each command in docs/cli.md, and no other', () => {
    const documented = [...CLI_DOC.matchAll(/^\| `([a-z_ -]+?)(?: [A-Z[<].*?)?` \|/gm)].map(([, path]) => path);
    expect(documented.sort()).toEqual(listed.map(({ path }) => path).sort());
  });

  it.each([
    [['bogus']],
    [['site', 'bogus']],
    [['site', 'show']],
    [['site', 'list', '--bogus']],
    [['site', 'list', '--limit', '0']],
    [['keyfile', 'issue', 'x', '--valid-for', 'soon']],
    [['operator', 'create', 'x', '--role', 'king']],
    [['completion', 'tcsh']],
    [['site', 'list', '--timeout', '-1']],
  ])('answers %j with 64', async (args) => {
    expect(await cli(args)).toMatchObject({ exitCode: 64, out: '' });
  });

  it('says how to sign in before anything else', async () => {
    const { exitCode, err } = await cli(['site', 'list'], { XDG_CONFIG_HOME: home });
    expect(exitCode).toBe(77);
    expect(err).toMatch(/^not-signed-in: .*\nSign in: adit login --url/);
  });

  it('tells programs of a failure in JSON too', async () => {
    const { err } = await cli(['site', 'list', '--json'], { XDG_CONFIG_HOME: home });
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not-signed-in' } });
  });

  it.each([
    ['http://adit.example.com', 78, 'url-insecure'],
    ['ftp://127.0.0.1', 64, 'wrong-usage'],
    ['https://user:secret@adit.example.com', 64, 'wrong-usage'],
    ['https://adit.example.com/?token=secret', 64, 'wrong-usage'],
  ])('sends no token to %s', async (url, exitCode, code) => {
    const ending = await cli(['site', 'list'], { XDG_CONFIG_HOME: home, ADIT_URL: url, ADIT_TOKEN: 'adit_x' });
    expect(ending).toMatchObject({ exitCode, err: expect.stringMatching(new RegExp(`^${code}: `)) as string });
    expect(ending.err).not.toContain('secret');
  });

  it.each([
    [['backup'], 73, 'backup-unwritable'],
    [['backup', '--output', '/tmp/x.backup'], 78, 'database-unknown'],
    [['backup', 'inspect', '/nowhere/x.backup'], 66, 'backup-missing'],
    [['restore'], 64, 'missing required argument'],
  ])('ends %j with its reason', async (args, exitCode, reason) => {
    const ending = await cli(args, { ADIT_HOME: '/nowhere' });
    expect(ending).toMatchObject({ exitCode, err: expect.stringContaining(reason) as string });
  });

  it('takes a password from nobody where nobody sits', async () => {
    const ending = await cli(['login', '--url', 'http://127.0.0.1:9', '--username', 'x'], { XDG_CONFIG_HOME: home });
    expect(ending).toMatchObject({ exitCode: 64, err: expect.stringContaining('--password-file') as string });
    expect(existsSync(join(home, 'adit'))).toBe(false);
  });
});
