import { waitUntil } from '../harness/condition.js';
import { ScriptedSite } from '../harness/scripted-site.js';
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
    expect(await operator.ok('alarm', 'acknowledge', id)).toContain('acknowledged by operator:admin');
    expect(await active()).toEqual([]);
    await waitUntil('the site knows', () => site.commands.length === 1);
    expect(await operator.run(['alarm', 'acknowledge', site.tlsPin])).toMatchObject({ exitCode: 1 });
  }, 60_000);
});
