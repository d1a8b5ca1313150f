import { randomUUID } from 'node:crypto';
import type { Rest } from '../../tools/demo/rest.mjs';
import { entityIdOf, federate, type FederatedSite } from '../harness/federated-site.js';
import { OperatorCli } from '../harness/operator-cli.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';
import { SteeredSystem } from '../harness/steered-system.js';
import { waitUntil } from '../harness/condition.js';
import type { Answer, HttpClient } from './http-client.js';
import { audited, firstPassword, newOperator, signInFirst, type SignedIn } from './operators.js';

/** Of a camera that nobody steers: docs/commands.md. */
const IDLE_MS = 5_000;
const MOVE = { action: 'move', pan: 0.5, tilt: 0, zoom: 0 };

let platform: Platform;
let rest: Rest;
let chief: HttpClient;
let anna: SignedIn;
let ben: SignedIn;
let viewer: SignedIn;

beforeAll(async () => {
  platform = await Platform.start({
    apps: ['keyfile-issuer', 'tunnel-broker', 'federation', 'admin-api'],
    extra: { federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' } },
  });
  rest = await platform.signIn();
  chief = await signInFirst(platform);
  anna = await newOperator(platform, chief, ['operator']);
  ben = await newOperator(platform, chief, ['operator']);
  viewer = await newOperator(platform, chief, ['viewer']);
}, 120_000);

afterAll(() => platform?.stop(), 30_000);

describe.each(['direct', 'tunnel'] as const)('commands to a site that is reached by %s', (path) => {
  let system: SteeredSystem;
  let site: RegularSite;
  let federated: FederatedSite;
  const ids: Record<string, string> = {};

  const post = (client: HttpClient, route: string, body: unknown): Promise<Answer> =>
    client.ask('POST', `/api/v1${route}`, body);
  const ptz = (client: HttpClient, body: unknown, camera = 'dome'): Promise<Answer> =>
    post(client, `/cameras/${ids[camera]}/ptz`, body);
  const told = async (answer: Promise<Answer>): Promise<string> => {
    const { status, body } = await answer;
    return status === 200 ? '200' : `${status} ${String(body['code'])} ${String(body['detail'])}`;
  };
  const status = async (): Promise<Record<string, unknown>> =>
    (await viewer.client.ask('GET', `/api/v1/cameras/${ids['dome']}/ptz`)).body;
  /** 5 s after the last command nobody steers it any more; by the clock of its lock, which a test may set. */
  const becomesFree = async (): Promise<void> => {
    site.skippedMs += IDLE_MS;
    expect(await status()).toMatchObject({ hold: null });
  };

  beforeAll(async () => {
    system = new SteeredSystem();
    site = await RegularSite.start({ connectors: [system], limits: { deviceMs: 2_000 } });
    site.rights = { ...site.rights, allow: site.rights.allow.filter((right) => right !== 'recording') };
    federated = await federate(platform, rest, site, path);
    for (const name of ['dome', 'fixed', 'siren']) ids[name] = await entityIdOf(platform, federated.siteId, name);
  }, 60_000);

  afterAll(() => site?.stop());

  it('reach the device, say how long it took, and are on record on both sides', async () => {
    system.slowMs = 100;
    const { status: code, body } = await ptz(anna.client, MOVE);
    system.slowMs = 0;
    expect([code, body]).toEqual([200, { siteMs: expect.any(Number), deviceMs: expect.any(Number) }]);
    expect(body['deviceMs']).toBeGreaterThan(90);
    expect(system.obeyed.at(-1)).toEqual({ kind: 'ptz-move', pan: 0.5, tilt: 0, zoom: 0, timeoutMs: 4_000 });
    for (const action of ['stop', 'home', 'stop']) expect(await told(ptz(anna.client, { action }))).toBe('200');
    const actor = `operator:${anna.username}`;
    const sent = (await audited(platform, 'command.sent')).filter(({ subject }) => subject === ids['dome']);
    expect(sent).toMatchObject([{ actor, details: { command: 'ptz-move', level: 50, siteId: federated.siteId } }]);
    expect(site.commands.map(({ account, user, level, command }) => [account, user, level, command])).toEqual(
      ['ptz-move', 'ptz-stop', 'ptz-home', 'ptz-stop'].map((command) => ['host', actor, 50, command]),
    );
    await becomesFree();
  });

  it('are decided by levels when two want the same camera, and by who came first when these are equal', async () => {
    const first = await Promise.all([told(ptz(anna.client, MOVE)), told(ptz(ben.client, MOVE))]);
    expect(first.filter((answer) => answer === '200')).toHaveLength(1);
    const [owner, other] = first[0] === '200' ? [anna, ben] : [ben, anna];
    expect(await told(ptz(other.client, { action: 'stop' }))).toBe(
      `409 ptz-held ptz-held: operator:${owner.username} (level 50) steers this camera`,
    );
    expect(system.isTurning).toBe(true);
    expect(await told(ptz(chief, MOVE))).toBe('200');
    expect(await told(ptz(owner.client, MOVE))).toMatch(/^409 ptz-held ptz-held: operator:admin \(level 1\)/);
    expect(await status()).toMatchObject({ hold: { user: 'operator:admin', level: 1 }, lock: null });
    await becomesFree();
    expect(await told(ptz(other.client, { action: 'stop' }))).toBe('200');
    const refused = (await audited(platform, 'command.refused')).filter(({ subject }) => subject === ids['dome']);
    expect(refused.map(({ actor, details }) => [actor, details['code']])).toEqual(
      expect.arrayContaining([
        [`operator:${other.username}`, 'ptz-held'],
        [`operator:${owner.username}`, 'ptz-held'],
      ]),
    );
    await becomesFree();
  }, 40_000);

  it('keep out others by a lock, through stillness, until somebody who may unlocks it', async () => {
    expect(await told(ptz(anna.client, { action: 'lock' }))).toBe('200');
    await becomesFree();
    expect(await status()).toMatchObject({
      presets: [{ preset: '1', name: 'Gate' }],
      lock: { user: `operator:${anna.username}`, level: 50 },
    });
    expect(await told(ptz(ben.client, MOVE))).toMatch(/^409 ptz-held ptz-locked: /);
    expect(await told(ptz(chief, { action: 'stop' }))).toBe('200');
    await becomesFree();
    expect(await told(ptz(ben.client, { action: 'home' }))).toMatch(/^409 ptz-held ptz-locked: /);
    expect(await told(ptz(ben.client, { action: 'unlock' }))).toBe('200');
    expect(await told(ptz(ben.client, { action: 'preset', preset: '1' }))).toBe('200');
    const locks = (await audited(platform, 'command.sent')).filter(
      ({ subject, details }) => subject === ids['dome'] && details['command'] === 'ptz-lock',
    );
    expect(locks.map(({ details }) => details['locked'])).toEqual([true, false]);
    await becomesFree();
  }, 40_000);

  it('switch outputs, and are sent once for one Idempotency-Key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const set = (active: boolean, headers = {}): Promise<Answer> =>
      ben.client.ask('POST', `/api/v1/outputs/${ids['siren']}/state`, { active }, headers);
    const first = await set(true, key);
    expect([first.status, system.isRelayOn]).toEqual([200, true]);
    const before = system.obeyed.length;
    const again = await set(true, key);
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, first.body, 'true']);
    expect(system.obeyed).toHaveLength(before);
    expect((await set(false)).status).toBe(200);
    expect(system.isRelayOn).toBe(false);
  });

  it('are refused with the reason', async () => {
    expect(await told(ptz(anna.client, MOVE, 'fixed'))).toMatch(/^409 command-unsupported no-ptz: /);
    expect(await told(ptz(anna.client, { action: 'preset', preset: '9' }))).toMatch(/^409 command-refused preset-unk/);
    expect(await told(post(anna.client, `/cameras/${ids['dome']}/recording`, { recording: true }))).toMatch(
      /^409 command-refused not-permitted: /,
    );
    expect(await told(post(anna.client, `/outputs/${ids['dome']}/state`, { active: true }))).toMatch(
      /^404 output-not-found/,
    );
    expect(await told(post(anna.client, `/cameras/${randomUUID()}/ptz`, MOVE))).toMatch(/^404 camera-not-found/);
    expect(await told(ptz(viewer.client, { action: 'stop' }))).toMatch(/^403 forbidden .*entities:control/);
    const fixed = await viewer.client.ask('GET', `/api/v1/cameras/${ids['fixed']}/ptz`);
    expect([fixed.status, fixed.body['code']]).toEqual([409, 'command-unsupported']);
  });

  it.each([
    [{ action: 'dance' }, '/action'],
    [{}, '/action'],
    [[], ''],
    [{ action: 'move', pan: 2, tilt: 0, zoom: 0 }, '/pan'],
    [{ action: 'move', pan: 0, tilt: '1', zoom: 0 }, '/tilt'],
    [{ action: 'move', pan: 0, tilt: 0 }, '/zoom'],
    [{ action: 'preset', preset: '' }, '/preset'],
    [{ action: 'stop', pan: 1 }, '/pan'],
  ])('say what is wrong with %j', async (body, pointer) => {
    const answer = await ptz(anna.client, body);
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid-request']);
    expect(answer.body['errors']).toEqual(expect.arrayContaining([expect.objectContaining({ pointer })]));
  });

  it('say that the device was the slow hop', async () => {
    system.slowMs = 30_000;
    const answer = await post(anna.client, `/outputs/${ids['siren']}/state`, { active: true });
    system.slowMs = 0;
    expect(answer).toMatchObject({ status: 504, body: { code: 'command-timeout', hop: 'device' } });
    expect(system.isRelayOn).toBe(false);
    const failed = (await audited(platform, 'command.failed')).filter(({ subject }) => subject === ids['siren']);
    expect(failed).toMatchObject([{ details: { code: 'command-timeout', hop: 'device', command: 'set-output' } }]);
  }, 20_000);

  it('are given from a shell', async () => {
    const operator = new OperatorCli();
    try {
      const args = ['login', '--url', platform.api, '--username', 'admin', '--password-file', '-'];
      await operator.run(args, { input: `${firstPassword(platform)}\n` });
      const dome = `${federated.label}/dome`;
      const before = system.obeyed.length;
      expect(await operator.ok('camera', 'ptz', dome, 'move', '--pan', '-0.5', '--for', '2s')).toContain('move');
      expect(system.obeyed.slice(before).map(({ kind }) => kind)).toEqual(['ptz-move', 'ptz-move', 'ptz-stop']);
      expect(await operator.ok('camera', 'ptz', dome)).toMatch(/steered by operator:admin .*\npreset 1: Gate/s);
      expect(await operator.ok('output', 'set', ids['siren'] ?? '', 'on')).toContain('on');
      expect(system.isRelayOn).toBe(true);
      const refused = await operator.run(['camera', 'record', dome, 'on']);
      expect([refused.exitCode, refused.err]).toEqual([1, expect.stringContaining('not-permitted')]);
    } finally {
      operator.remove();
    }
  }, 60_000);

  it('say that the site is away', async () => {
    await federated.cut();
    const away = path === 'tunnel' ? /^503 site-offline/ : /^502 site-unreachable/;
    await waitUntil('it is told', async () => away.test(await told(ptz(anna.client, MOVE))));
  });
});

it('switch recording where the account may', async () => {
  const system = new SteeredSystem();
  await using site = await RegularSite.start({ connectors: [system] });
  const { siteId } = await federate(platform, rest, site, 'direct');
  const path = `/api/v1/cameras/${await entityIdOf(platform, siteId, 'fixed')}/recording`;
  expect((await anna.client.ask('POST', path, { recording: true })).status).toBe(200);
  expect(system.obeyed).toEqual([{ kind: 'set-recording', recording: true }]);
}, 30_000);
