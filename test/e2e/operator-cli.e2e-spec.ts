import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { freePort } from '../../tools/launcher/port.mjs';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { startLossyLine } from '../harness/lossy-line.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { OperatorCli } from '../harness/operator-cli.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';
import { HttpClient } from './http-client.js';

/** Every command is a process of its own. */
jest.setTimeout(60_000);

interface SiteLine {
  id: string;
  label: string;
  tunnel: { state: string };
}

const tokenOf = (who: OperatorCli): string => {
  const kept = JSON.parse(readFileSync(who.file('.config/adit/contexts.json'), 'utf8')) as {
    contexts: { default: { token: string } };
  };
  return kept.contexts.default.token;
};

/** A user that may look and nothing else. */
const newViewer = async (platform: Platform): Promise<{ username: string; password: string }> => {
  const first = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  const admin = await new HttpClient(platform.api).signIn('admin', first);
  const account = { username: 'lena', password: 'a viewer looks and watches' };
  await admin.ask('POST', '/api/v1/operators', { ...account, roles: ['viewer'] });
  return account;
};

describe('an operator with nothing but adit', () => {
  let platform: Platform;
  let camera: GstCamera;
  let site: Site;
  let operator: OperatorCli;

  const signIn = (who: OperatorCli, username: string, password: string): Promise<{ exitCode: number; err: string }> =>
    who.run(['login', '--url', platform.api, '--username', username, '--password-file', '-'], {
      input: `${password}\n`,
    });
  const firstPassword = (): string => readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();

  beforeAll(async () => {
    camera = await startGstCamera();
    platform = await Platform.start();
    site = await platform.createSite('Demo');
    await site.agent(['camera', 'add', camera.url('/cam'), '--name', 'Gate', '--area', 'Building 1/Floor 2']);
    await site.run();
    await site.federate();
    await site.cameras('Gate');
    operator = new OperatorCli();
    await signIn(operator, 'admin', firstPassword());
  }, 120_000);

  afterAll(async () => {
    operator?.remove();
    await platform?.stop();
    await camera?.stop();
  }, 60_000);

  it('keeps his session where nobody else reads it, and refuses one that others may have read', async () => {
    const kept = operator.file('.config/adit/contexts.json');
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(await operator.ok('whoami')).toMatch(/Operator +admin\nServer +http:\/\/127/);
    const open = new OperatorCli();
    await signIn(open, 'admin', firstPassword());
    chmodSync(open.file('.config/adit/contexts.json'), 0o644);
    expect(await open.run(['whoami'])).toMatchObject({
      exitCode: 78,
      err: expect.stringContaining('chmod 600') as string,
    });
    open.remove();
  });

  it('gets in with the right password alone, and gets no further without rights', async () => {
    const other = new OperatorCli();
    const wrong = await signIn(other, 'admin', 'wrong');
    expect(wrong).toMatchObject({ exitCode: 77, err: expect.stringMatching(/^not-signed-in: /) as string });
    expect(await other.run(['site', 'list'])).toMatchObject({ exitCode: 77 });
    const { username, password } = await newViewer(platform);
    expect((await signIn(other, username, password)).exitCode).toBe(0);
    const refused = await other.run(['site', 'create', 'Mine']);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toMatch(/^forbidden: .*sites:write.*\nrequest id: \S+\n.*adit whoami/);
    await other.ok('logout');
    expect((await other.run(['whoami'])).exitCode).toBe(77);
    other.remove();
  });

  it('makes a site and brings its keyfile home once, for himself alone', async () => {
    const [made] = await operator.json<SiteLine>('site', 'create', 'Hamburg Süd');
    expect(made).toMatchObject({ label: 'hamburg-sued', tunnel: { state: 'never' } });
    const [issued] = await operator.json<{ fingerprint: string; file: string }>('keyfile', 'issue', 'hamburg süd');
    expect(issued?.file).toBe('hamburg-sued.keyfile');
    const path = operator.file('hamburg-sued.keyfile');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await site.agent(['inspect', path])).toContain(issued?.fingerprint ?? 'no fingerprint');
    const again = await operator.run(['keyfile', 'issue', 'hamburg-sued', '--replace', '--yes']);
    expect(again).toMatchObject({ exitCode: 73, err: expect.stringMatching(/^file-exists: .*\n.*--output/) as string });
    expect((await operator.json('keyfile', 'list', 'hamburg-sued')).length).toBe(1);
  });

  it('names a site by id, label or name, as long as one alone has it', async () => {
    const [first, second] = [
      await operator.ok('site', 'create', 'Twin', '-q'),
      await operator.ok('site', 'create', 'Twin', '-q'),
    ];
    const ambiguous = await operator.run(['site', 'show', 'twin x']);
    expect(ambiguous.err).toMatch(/^site-unknown: /);
    expect((await operator.run(['site', 'show', 'TWIN'])).err).toBe(
      'name-ambiguous: 2 have the name TWIN\nSay which: twin, twin-2\n',
    );
    for (const [reference, id] of [
      ['twin', first],
      [second.trim(), second],
    ] as const) {
      expect(await operator.ok('site', 'show', reference, '-q')).toBe(id);
    }
  });

  it('creates once, although the first answers are lost', async () => {
    await using line = await startLossyLine(platform.api, 2);
    const env = { ADIT_URL: line.url, ADIT_TOKEN: tokenOf(operator) };
    const made = await operator.run(['site', 'create', 'Bremen'], { env });
    expect(made).toMatchObject({ exitCode: 0, err: expect.stringContaining('again in') as string });
    expect(line.lost()).toBe(2);
    expect(await operator.json('site', 'list', '--search', 'bremen')).toHaveLength(1);
  });

  it('says what to do when the one answer with a keyfile is lost, and leaves no file behind', async () => {
    await using line = await startLossyLine(platform.api, 1);
    const env = { ADIT_URL: line.url, ADIT_TOKEN: tokenOf(operator) };
    const { exitCode, err } = await operator.run(['keyfile', 'issue', 'bremen'], { env });
    expect(exitCode).toBe(1);
    const [, id = ''] = /^answer-lost: [\s\S]*adit keyfile regenerate (\S+)/m.exec(err) ?? [];
    expect(existsSync(operator.file('bremen.keyfile'))).toBe(false);
    await operator.ok('keyfile', 'regenerate', id, '--output', 'bremen.keyfile');
  });

  it('finds sites by tags, and tags and deletes them', async () => {
    await operator.ok('site', 'create', 'Kiel', '--tag', 'region=north', '--tag', 'old=yes', '--address', 'Am Kai 1');
    const [tagged] = await operator.json('site', 'tag', 'kiel', 'region=coast', 'old-');
    expect(tagged).toMatchObject({ tags: { region: 'coast' } });
    expect(await operator.ok('site', 'list', '--tags', 'region=coast')).toMatch(/kiel +Kiel/);
    expect((await operator.run(['site', 'delete', 'kiel'])).exitCode).toBe(77);
    await operator.ok('site', 'delete', 'kiel', '--yes');
    expect((await operator.run(['site', 'show', 'kiel'])).exitCode).toBe(1);
  });

  it('subscribes to events, with the secret in a file of its own', async () => {
    const [made] = await operator.json<{ id: string }>('webhook', 'create', 'https://hooks.example.com/adit');
    expect(readFileSync(operator.file('webhook.secret'), 'utf8')).toMatch(/^whsec_\S+\n$/);
    expect(JSON.stringify(made)).not.toContain('whsec_');
    expect(await operator.ok('webhook', 'list')).toMatch(/site\.offline,site\.online +active/);
    await operator.ok('webhook', 'delete', made?.id ?? '', '--yes');
  });

  it('seals keyfiles, follows and revokes them', async () => {
    await operator.ok('site', 'create', 'Sealed', '--label', 'sealed');
    writeFileSync(operator.file('passphrase'), 'six words that nobody guesses\n', { mode: 0o600 });
    await operator.ok('keyfile', 'issue', 'sealed', '--passphrase-file', 'passphrase');
    expect(readFileSync(operator.file('sealed.keyfile'), 'utf8')).toContain('"kdf"');
    const id = (await operator.ok('keyfile', 'list', 'sealed', '-q')).trim();
    await operator.ok('keyfile', 'regenerate', id, '--output', 'second.keyfile');
    expect(await operator.ok('keyfile', 'show', id)).toMatch(/State +revoked[\s\S]* issued .*operator:admin/);
    const [, other = ''] = /^(\S+) +issued/m.exec(await operator.ok('keyfile', 'list', 'sealed')) ?? [];
    expect((await operator.run(['keyfile', 'revoke', other])).exitCode).toBe(77);
    expect((await operator.json<{ state: string }>('keyfile', 'revoke', other, '--yes'))[0]?.state).toBe('revoked');
  });

  it('onboards a file of sites, or none of it when a row is wrong', async () => {
    writeFileSync(operator.file('bad.csv'), 'name,label\nBerlin,berlin\nKöln,UPPER\n');
    const bad = await operator.run(['onboard', 'bad.csv']);
    expect(bad).toMatchObject({ exitCode: 1, out: expect.stringMatching(/3 +label +invalid/) as string });
    writeFileSync(operator.file('sites.csv'), 'name,label\nBerlin,berlin\nKöln,\n');
    expect(await operator.ok('onboard', 'sites.csv', '--dry-run')).toContain('Nothing was created');
    const done = await operator.ok('onboard', 'sites.csv');
    expect(done).toMatch(/Passphrase +\S+[\s\S]*2 of 2 sites/);
    expect(readFileSync(operator.file('keyfiles.zip')).subarray(0, 2).toString()).toBe('PK');
    expect(statSync(operator.file('keyfiles.zip')).mode & 0o777).toBe(0o600);
    expect(await operator.ok('site', 'list')).toMatch(/koeln +Köln +never/);
  });

  it('watches a tunnel go and come, and is done at Ctrl-C', async () => {
    const watching = operator.watch('tunnel', 'watch', '--interval', '1');
    await watching.untilSays('1 of 1 tunnels are up');
    const [answer] = await operator.json<{ ended: number }>('tunnel', 'disconnect', 'demo', '--yes');
    expect(answer?.ended).toBe(1);
    await watching.untilSays(/(up +demo \(a new session\)|down +demo[\s\S]*up +demo)/);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toBe(0);
    expect(watching.err).not.toContain('internal');
  });

  it('sees what a site has, where it is, and notes something of it', async () => {
    const lines = await operator.ok('entity', 'list', 'demo');
    expect(lines).toMatch(/demo +area +Building 1 +online/);
    expect(lines).toMatch(/demo +camera +Gate +online/);
    expect(await operator.ok('entity', 'list', '--search', 'GATE', '--quiet')).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(await operator.ok('entity', 'list', '--kind', 'door')).toBe('');
    const tree = (await operator.ok('entity', 'tree', 'demo')).split('\n').map((line) => line.trimEnd());
    expect(tree[1]).toMatch(/^Building 1 +area +online +1 online, 0 offline, 0 unknown$/);
    expect(tree[2]).toMatch(/^ {2}Floor 2 +area/);
    expect(tree[3]).toMatch(/^ {4}Gate +camera +online +-$/);
    await operator.ok('entity', 'note', 'gate', 'Key at the porter’s');
    expect(await operator.ok('entity', 'show', 'Gate')).toMatch(/Note +Key at the porter’s/);
    await operator.ok('entity', 'note', 'Gate', '');
    expect(await operator.ok('entity', 'show', 'Gate')).not.toContain('porter');
    expect((await operator.run(['entity', 'show', 'nowhere'])).err).toMatch(/^entity-unknown: .*\nadit entity list/);
  });

  it('gets the URL of a camera and nothing else on standard output', async () => {
    expect(await operator.ok('camera', 'list')).toMatch(/demo\/\S+ +Gate +online +H264/);
    const url = await operator.ok('stream', 'url', 'gate');
    expect(url).toMatch(/^rtsp:\/\/\S+\?ticket=\S+\n$/);
    expect((await operator.run(['stream', 'url', 'nowhere'])).err).toMatch(/^camera-unknown: .*\nadit camera list/);
  });

  it('sees who watches, and ends it for good', async () => {
    const url = (await operator.ok('stream', 'url', 'gate')).trim();
    await using player = new Player(url, { copy: true });
    await player.untilFrames(5);
    await waitUntil('the stream is listed', async () => (await operator.json('stream', 'list')).length === 1);
    expect(await operator.ok('stream', 'list', '--user', 'admin')).toMatch(/operator:admin +demo\/\S+ +live .* tcp /);
    expect(await operator.ok('stream', 'list', '--user', 'lena')).toBe('');
    expect(await operator.run(['stream', 'end', '--yes'])).toMatchObject({ exitCode: 64 });
    expect(await operator.run(['stream', 'end', '--camera', 'gate'])).toMatchObject({ exitCode: 77 });
    expect(await operator.ok('stream', 'end', '--camera', 'gate', '--revoke', '--yes')).toBe('1 ended.\n');
    expect(await player.end(10_000)).toBe(0);
    await using again = new Player(url, { copy: true });
    await again.end(10_000);
    expect(again.stderr).toContain('ticket-revoked');
  });

  it('gives a program a token of its own, which does what it is for', async () => {
    await operator.ok('token', 'create', 'nightly', '--scope', 'audit:read');
    const token = readFileSync(operator.file('nightly.token'), 'utf8');
    const program = new OperatorCli();
    const env = { ADIT_URL: platform.api, ADIT_TOKEN: token };
    expect((await program.run(['audit', 'list', '--limit', '3', '--json'], { env })).out.split('\n')).toHaveLength(4);
    expect(await program.run(['site', 'list'], { env })).toMatchObject({ exitCode: 1 });
    await operator.ok('token', 'revoke', (await operator.ok('token', 'list', '-q')).trim());
    expect(await program.run(['audit', 'list'], { env })).toMatchObject({ exitCode: 77 });
    program.remove();
  });

  it('lets people in, and in no more', async () => {
    writeFileSync(operator.file('password'), 'a password for jana\n', { mode: 0o600 });
    await operator.ok('operator', 'create', 'jana', '--role', 'operator', '--password-file', 'password');
    expect(await operator.ok('operator', 'list')).toMatch(/jana +operator +password .* active/);
    await operator.ok('operator', 'disable', 'jana', '--yes');
    const jana = new OperatorCli();
    expect((await signIn(jana, 'jana', 'a password for jana')).exitCode).toBe(77);
    jana.remove();
  });

  it('verifies the audit by himself, and learns which row was changed', async () => {
    expect(await operator.ok('audit', 'verify')).toMatch(/whole: \d+ rows\nHead +\d+:[0-9a-f]{64}/);
    await operator.ok('audit', 'export', '--output', 'audit.ndjson');
    expect(await operator.ok('audit', 'verify', '--file', 'audit.ndjson')).toContain('whole');
    const lines = readFileSync(operator.file('audit.ndjson'), 'utf8').split('\n');
    writeFileSync(
      operator.file('forged.ndjson'),
      lines.with(6, lines[6]?.replace('action', 'aktion') ?? '').join('\n'),
    );
    const forged = await operator.run(['audit', 'verify', '--file', 'forged.ndjson']);
    expect(forged).toMatchObject({ exitCode: 1, err: expect.stringMatching(/^audit-broken: row 7: /) as string });
  });

  it('types a password at a terminal that does not show it, and gets a table that fits', async () => {
    const person = new OperatorCli();
    const login = person.atTerminal('login', '--url', platform.api, '--username', 'admin');
    await login.untilSays('Password of admin: ');
    login.type(`${firstPassword()}\n`);
    expect(await login.ended).toBe(0);
    expect(login.all).not.toContain(firstPassword());
    await operator.ok(
      'site',
      'create',
      `A name of a site that is far too long for ${'any '.repeat(20)}terminal`,
      '--label',
      'long',
    );
    const list = person.atTerminal('site', 'list');
    expect(await list.ended).toBe(0);
    expect(list.out).toContain('…');
    expect(list.out).toContain('\u001B[32mup');
    const cells = stripVTControlCharacters(list.out)
      .split(/\r?\n/)
      .map((line) => line.length);
    expect(Math.max(...cells)).toBeLessThanOrEqual(100);
    person.remove();
  });

  it('completes commands, flags and names in a real bash', async () => {
    const bash = async (line: string): Promise<string[]> => {
      const script = `PATH="$PWD/bin:$PATH"; source <(adit completion bash); complete -p adit >/dev/null || exit 9
        COMP_LINE=$1; COMP_POINT=\${#1}; read -ra COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _adit; printf '%s\\n' "\${COMPREPLY[@]}"`;
      mkdirSync(operator.file('bin'), { recursive: true });
      const program = join(__dirname, '../../bin/adit');
      writeFileSync(operator.file('bin/adit'), `#!/bin/sh\nexec '${program}' "$@"\n`, { mode: 0o755 });
      const running = operator.start(['bash', '-c', script, 'bash', line]);
      expect([await running.ended, running.err]).toEqual([0, '']);
      return running.out.split('\n').filter((word) => word !== '');
    };
    expect(await bash('adit tun')).toEqual(['tunnel']);
    expect(await bash('adit tunnel list --d')).toEqual(['--down']);
    expect(await bash('adit site show hamb')).toEqual(['hamburg-sued']);
    expect(await bash('adit audit verify --file audit.n')).toEqual(['audit.ndjson']);
  });

  it('locks an agent out and lets it in again', async () => {
    const [agent] = await operator.json<{ agentId: string }>(
      'agent',
      'lock',
      'demo',
      '--yes',
      '--reason',
      'ticket 4711',
    );
    expect(agent).toMatchObject({ state: 'locked', lockReason: 'ticket 4711' });
    expect(await operator.ok('agent', 'list', '--state', 'locked')).toContain(agent?.agentId ?? 'no agent');
    await operator.ok('agent', 'unlock', 'demo', '--yes');
    expect(await operator.ok('agent', 'show', 'demo')).toMatch(/State +active[\s\S]*no\. 1 +current/);
  });

  it('is told when nobody answers, and by whom', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const env = { ADIT_URL: url, ADIT_TOKEN: 'adit_x' };
    const { exitCode, err } = await operator.run(['site', 'list', '--quiet'], { env });
    expect(exitCode).toBe(69);
    expect(err).toBe(
      `server-unreachable: ${url} cannot be reached: nothing listens there\n` +
        'Check the address (adit context list), the network, and that the server runs\n',
    );
  });
});
