import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Rest } from '../../tools/demo/rest.mjs';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { Platform } from '../harness/platform.js';

interface Issued {
  keyfile: { keyfileId: string };
  content: string;
  fingerprint: string;
}

const PASSPHRASE = 'Müller hat 3 Kühe';

let platform: Platform;
let rest: Rest;

beforeAll(async () => {
  platform = await Platform.start({ apps: ['admin-api', 'keyfile-issuer', 'tunnel-broker'] });
  rest = await platform.signIn();
}, 90_000);

afterAll(() => platform?.stop());

/** A sealed keyfile, its passphrase and a state directory, as an installer has them. */
const prepare = async (name: string) => {
  const { id } = await rest.createSite(name);
  const issued = (await rest.call('POST', `/sites/${id}/keyfiles`, { passphrase: PASSPHRASE })) as Issued;
  const dir = join(platform.dataDir, name);
  mkdirSync(dir, { mode: 0o700 });
  const [keyfile, passphrase, state] = [join(dir, 'keyfile'), join(dir, 'passphrase'), join(dir, 'state')];
  writeFileSync(keyfile, issued.content, { mode: 0o600 });
  writeFileSync(passphrase, `${PASSPHRASE}\n`, { mode: 0o600 });
  return { ...issued, keyfile, passphrase, state };
};

const environment = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ADIT_CONTAINER: 'false' };

const finished = async (command: string, args: readonly string[]) => {
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, out, err };
};

const agent = (...args: string[]) => finished(process.execPath, [entryOf('agent'), ...args]);

const atTerminal = (answers: [string, string][], ...args: string[]) => {
  const script = join(__dirname, '../harness/terminal-session.py');
  return finished('python3', [script, JSON.stringify(answers), process.execPath, entryOf('agent'), ...args]);
};

describe('a sealed keyfile on site', () => {
  it('enrols with the passphrase from a file and the fingerprint that REST answered', async () => {
    const { keyfile, passphrase, state, fingerprint } = await prepare('from-a-file');
    const without = await agent('enrol', keyfile, '--state', state, '--expect-fingerprint', fingerprint);
    expect([without.exitCode, without.err.split(':')[0]]).toEqual([66, 'passphrase-missing']);
    const given = ['--passphrase-file', passphrase, '--expect-fingerprint', fingerprint];
    expect(await agent('enrol', keyfile, '--state', state, ...given)).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('Enrolled as "from-a-file"') as string,
    });
    expect(readFileSync(join(state, 'identity.json'), 'utf8')).not.toContain('Kühe');
  }, 60_000);

  it('asks for the passphrase on a terminal, again when it was mistyped, and shows nothing of it', async () => {
    const { keyfile, state, fingerprint } = await prepare('at-a-terminal');
    const answers: [string, string][] = [
      ['Passphrase of the keyfile', 'mistyped passphrase\r'],
      ['Passphrase of the keyfile', `x\u007f${PASSPHRASE}\r`],
      ['[y/N]', 'y\r'],
    ];
    const { exitCode, out } = await atTerminal(answers, 'enrol', keyfile, '--state', state);
    expect([exitCode, out]).toEqual([0, expect.stringContaining('Enrolled as "at-a-terminal"')]);
    expect(out).toContain(fingerprint);
    expect(out).not.toMatch(/Kühe|mistyped/);
    const interrupted = await atTerminal([['Passphrase', '\u0003']], 'inspect', keyfile);
    expect(interrupted).toMatchObject({ exitCode: 77, out: expect.stringContaining('not-confirmed') as string });
  }, 60_000);

  it('starts an unattended agent, and may stay mounted with its passphrase', async () => {
    const { keyfile, passphrase, state } = await prepare('mounted');
    for (let start = 0; start < 2; start += 1) {
      const running = new AppProcess({
        name: 'mounted',
        entry: entryOf('agent'),
        args: ['run'],
        env: {
          ADIT_CONTAINER: 'false',
          ADIT_STATE_DIR: state,
          ADIT_KEYFILE_FILE: keyfile,
          ADIT_KEYFILE_PASSPHRASE_FILE: passphrase,
        },
        readyType: 'up',
        log: (name, line) => platform.note(name, line),
      });
      await running.start(30_000);
      await running.stop();
    }
    expect(platform.lines.join('\n')).not.toContain('Kühe');
  }, 90_000);
});
