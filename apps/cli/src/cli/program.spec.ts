import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { EXIT } from '../errors.js';
import { CLI_VERSION } from '../version.js';
import { runCli } from './program.js';
import { Terminal } from './terminal.js';

const run = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  const [input, out, err] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const environment = () => ({ ADIT_HOME: '/nowhere' });
  const context = { terminal: new Terminal(input, out, err), environment, signal: new AbortController().signal };
  const code = await runCli(argv, context);
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, out: text(out), err: text(err) };
};

describe('adit', () => {
  it('has the version of the package', async () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, '../../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(CLI_VERSION).toBe(manifest.version);
    expect(await run('--version')).toEqual({ code: EXIT.ok, out: `${CLI_VERSION}\n`, err: '' });
  });

  it.each([[[]], [['backup', '--help']], [['backup', 'inspect', '--help']], [['restore', '--help']]])(
    'explains %j',
    async (argv) => {
      const { out, err } = await run(...argv);
      expect(out + err).toContain('Usage: adit');
    },
  );

  it.each([
    [['nonsense'], EXIT.usage, 'unknown command'],
    [['backup', '--nonsense'], EXIT.usage, 'unknown option'],
    [['restore'], EXIT.usage, 'missing required argument'],
    [['backup'], EXIT.cannotCreate, 'backup-unwritable'],
    [['backup', '--output', '/tmp/x.backup'], EXIT.configuration, 'database-unknown'],
    [['backup', 'inspect', '/nowhere/x.backup'], EXIT.noInput, 'backup-missing'],
  ])('ends %j with its reason', async (argv, code, reason) => {
    expect(await run(...argv)).toMatchObject({ code, err: expect.stringContaining(reason) });
  });
});
