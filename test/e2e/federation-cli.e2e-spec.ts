import { waitUntil } from '../harness/condition.js';
import { RegularSite } from '../harness/regular-site.js';
import { ScriptedSite } from '../harness/scripted-site.js';
import { SteeredSystem } from '../harness/steered-system.js';
import { FederationDesk } from '../harness/federation-desk.js';
import { OperatorCli } from '../harness/operator-cli.js';
import { Platform } from '../harness/platform.js';
import { firstPassword } from './operators.js';

interface Line {
  type: string;
  siteLabel: string;
}

let platform: Platform;
let desk: FederationDesk;
let site: ScriptedSite;
let operator: OperatorCli;

beforeAll(async () => {
  platform = await Platform.start({
    apps: ['federation', 'admin-api'],
    extra: { federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' } },
  });
  desk = new FederationDesk(platform);
  site = await ScriptedSite.start();
  const siteId = await desk.createSite('hamburg');
  await desk.activate(siteId, site);
  await desk.untilRole(siteId, 'connected', ({ state }) => state === 'connected');
  operator = new OperatorCli();
  const login = ['login', '--url', platform.api, '--username', 'admin', '--password-file', '-'];
  const { exitCode, err } = await operator.run(login, { input: firstPassword(platform) });
  if (exitCode !== 0) throw new Error(err);
}, 90_000);

afterAll(async () => {
  operator?.remove();
  await site?.close();
  await desk?.[Symbol.asyncDispose]();
  await platform?.stop();
}, 30_000);

describe('adit event', () => {
  it('lists what happened, by site and type', async () => {
    site.emit(
      { type: 'camera.motion', sourceId: 'gate' },
      { type: 'input.active', details: { 'bell\u0007': '\u001b[31m' } },
    );
    await waitUntil('both are there', async () => (await operator.json('event', 'list')).length === 2, 20_000);
    expect(await operator.json<Line>('event', 'list', '--site', 'hamburg', '--type', 'camera.*')).toMatchObject([
      { type: 'camera.motion', siteLabel: 'hamburg' },
    ]);
    const table = await operator.ok('event', 'list');
    expect(table).toContain('input.active');
    expect(table).not.toMatch(/[^\P{Cc}\n]/u);
    const wrong = await operator.run(['event', 'list', '--type', 'a*b']);
    expect(wrong).toMatchObject({ exitCode: 1 });
  }, 60_000);

  it('tells what arrives, and goes on without a gap when the server was away', async () => {
    const tail = operator.watch('event', 'tail', '--type', 'tail-*', '--json');
    await tail.untilSays('Waiting for events');
    await waitUntil(
      'it hears',
      () => {
        site.emit({ type: 'tail-first' });
        return tail.out !== '';
      },
      20_000,
    );
    site.emit({ type: 'tail-1' });
    await tail.untilSays('tail-1');
    const killed = platform.kill('admin-api');
    site.emit({ type: 'tail-2' });
    await killed;
    site.emit({ type: 'tail-3' });
    await tail.untilSays('tail-3');
    const types = tail.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Line).type);
    expect(types.filter((type) => type !== 'tail-first')).toEqual(['tail-1', 'tail-2', 'tail-3']);
    expect(tail.err).toContain('nothing is missing');
    tail.child.kill('SIGINT');
    expect(await tail.ended).toBe(0);
  }, 60_000);
});

describe('adit alarm', () => {
  it('lists and acknowledges', async () => {
    site.emit({ type: 'alarm.raised', sourceId: 'door' });
    const active = (): Promise<{ id: string }[]> => operator.json('alarm', 'list', '--state', 'active');
    await waitUntil('it is there', async () => (await active()).length === 1, 20_000);
    const [{ id } = { id: '' }] = await active();
    expect(await operator.ok('alarm', 'list')).toMatch(/hamburg +door +active/);
    expect(await operator.ok('alarm', 'acknowledge', id)).toContain('acknowledged by operator:admin');
    expect(await active()).toEqual([]);
    await waitUntil('the site knows', () => site.commands.length === 1);
    expect(await operator.run(['alarm', 'acknowledge', site.tlsPin])).toMatchObject({ exitCode: 1 });
  }, 60_000);
});

describe('adit role', () => {
  let harbour: RegularSite;

  beforeAll(async () => {
    harbour = await RegularSite.start({ connectors: [new SteeredSystem()] });
    const siteId = await desk.createSite('harbour');
    await desk.change(siteId, { directoryAddress: harbour.address, tlsPin: harbour.tlsPin });
  });

  afterAll(() => harbour?.[Symbol.asyncDispose]());

  const activate = (password: string, ...more: string[]): ReturnType<OperatorCli['run']> => {
    const account = ['--username', harbour.username, '--password-file', '-'];
    return operator.run(['role', 'activate', 'harbour', ...account, ...more], { input: `${password}\n` });
  };

  it('asks for an account where the role has none', async () => {
    expect(await operator.ok('role', 'list', 'harbour')).toMatch(/harbour .* unconfigured/);
    const { exitCode, err } = await operator.run(['role', 'activate', 'harbour']);
    expect(exitCode).toBe(64);
    expect(err).toContain('adit-agent user add');
  }, 30_000);

  it('says that the site refuses the account, and what to do', async () => {
    const { exitCode, err, out } = await activate('mistyped');
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^role-without-contact: .*invalid-credentials/m);
    expect(err).toContain(`adit-agent user password ${harbour.username}`);
    expect(out + err).not.toContain('mistyped');
  }, 30_000);

  it('activates, twice, and goes on with the account that it has after it was switched off', async () => {
    for (const _time of [1, 2]) expect(await activate(harbour.password)).toMatchObject({ exitCode: 0 });
    expect(await operator.ok('role', 'disable', 'harbour')).toContain('switched off');
    expect(await operator.json('role', 'list', 'harbour')).toMatchObject([{ state: 'disabled' }]);
    expect(await operator.ok('role', 'activate', 'harbour')).toContain('is connected');
  }, 30_000);

  it('switches an output by its name, and says where outputs are listed', async () => {
    const [output] = await operator.json<{ name: string }>('entity', 'list', 'harbour', '--kind', 'output');
    expect(await operator.ok('output', 'set', output?.name ?? '', 'on')).toContain(`${output?.name}: on`);
    const { exitCode, err } = await operator.run(['output', 'set', 'no-such', 'on']);
    expect({ exitCode, err }).toEqual({
      exitCode: 1,
      err: 'entity-unknown: no output has the id or name no-such\nadit entity list --kind output shows them all\n',
    });
  }, 30_000);

  it('has one of several roles named', async () => {
    const columns = 'tenant_id, site_id, name';
    await platform.query(
      `INSERT INTO federation_role (${columns}) SELECT r.tenant_id, r.site_id, 'Second' FROM federation_role r
         JOIN site ON site.id = r.site_id WHERE site.label = 'harbour'`,
      [],
    );
    expect((await operator.run(['role', 'disable', 'harbour'])).err).toMatch(/^name-ambiguous: 2 roles/);
    const unknown = await operator.run(['role', 'disable', 'harbour', '--role', 'Third']);
    expect(unknown.err).toMatch(/^role-unknown: /);
    expect(await operator.ok('role', 'disable', 'harbour', '--role', 'Second')).toContain('Second is switched off');
  }, 30_000);

  it('does not wait for ever for a site that is away', async () => {
    await operator.ok('role', 'disable', 'harbour', '--role', 'Site harbour');
    await harbour[Symbol.asyncDispose]();
    const { exitCode, err } = await activate(harbour.password, '--wait', '2s', '--role', 'Site harbour');
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^role-without-contact: .*\n.*adit site diagnose harbour/m);
  }, 30_000);
});
