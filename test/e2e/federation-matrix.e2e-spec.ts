import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSiteCertificate } from '@app/pki';
import type { SiteEntity } from '../../apps/agent/src/site/index.js';
import { freePort } from '../../tools/launcher/port.mjs';
import { EventJournal } from '../../tools/simulator/event-journal.mjs';
import { SimulatedConnector } from '../../tools/simulator/simulated-connector.mjs';
import { byBoth, federateBothWays, type Way } from '../harness/both-ways.js';
import { waitUntil } from '../harness/condition.js';
import { EventFlow, WHOLE } from '../harness/event-flow.js';
import { OnvifDevice } from '../harness/onvif-device.js';
import { Platform } from '../harness/platform.js';
import { Recording } from '../harness/recording.js';
import { RegularSite } from '../harness/regular-site.js';
import { sitePin } from '../harness/site-pin.js';
import type { Site } from '../harness/site.js';
import { enrolled, openTunnel } from '../harness/tunnel-agent.js';
import { ViewerProbe } from '../harness/viewer-probe.js';
import { newOperator, signInFirst } from './operators.js';

const CIDRS = { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' };
const ALL = ['commands', 'entities', 'events', 'live-streams', 'playback', 'snapshots'];
const [CAMERA, OUTPUT, INPUT] = ['onvif/dome', 'onvif/dome/output/relay-1', 'onvif/dome/input/input-1'];
const START = Date.UTC(2026, 0, 31, 12);
const RANGE = `from=${new Date(START - 10_000).toISOString()}&to=${new Date(START + 50_000).toISOString()}`;
const recording = new Recording(START, [
  [0, 4],
  [30, 4],
]);
const STRANGE: SiteEntity = {
  remoteId: 'strange',
  kind: 'unknown',
  name: 'Strange',
  state: 'online',
  stateReason: '',
  streams: [],
  properties: { vendor: { name: 'acme' }, levels: [1, 2.5, null] },
};
const account = { username: 'cloud', password: randomBytes(18).toString('base64url') };

let platform: Platform;
let device: OnvifDevice;
let site: Site;
let ways: [Way, Way];

const write = (file: string, content: object): void =>
  writeFileSync(join(site.stateDir, file), JSON.stringify(content), { mode: 0o600 });
const list = (name: string): void => {
  const yard = { id: 'yard', name, area: 'Building 2', streams: [{ url: 'rtsp://127.0.0.1:9/yard' }] };
  write('cameras.yaml', { cameras: [yard] });
};
const onBoth = (what: string, holds: (way: Way) => Promise<boolean>): Promise<unknown> =>
  byBoth(ways, (way) => waitUntil(`${what}, by ${way.name}`, () => holds(way)));
const member = async (way: Way, remoteId: string): Promise<Record<string, unknown>> =>
  (await way.ask('GET', `/entities/${way.id(remoteId)}`)).body;
const press = (isPressed: boolean): void =>
  device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-1' }, { LogicalState: String(isPressed) });

beforeAll(async () => {
  device = await OnvifDevice.start(recording, { ptz: true, inputs: 1, outputs: 1 });
  platform = await Platform.start({ extra: { federation: CIDRS, 'video-redirector': CIDRS } });
  const [directoryPort, redirectorPort] = [await freePort(), await freePort()];
  const listen = ['--directory-listen', `127.0.0.1:${directoryPort}`];
  const runArgs = [...listen, '--redirector-listen', `127.0.0.1:${redirectorPort}`];
  site = await platform.createSite('Hamburg Süd', { runArgs });
  write('onvif.yaml', { devices: [{ id: 'dome', name: 'Dome', address: device.service, area: 'Building 1/Roof' }] });
  list('Yard');
  await site.run();
  const { username, password } = account;
  await site.agent(['user', 'add', username, '--allow', 'all', '--password-stdin'], `${password}\n`);
  const direct = { directoryAddress: `127.0.0.1:${directoryPort}`, tlsPin: sitePin(site.stateDir) };
  ways = await federateBothWays(platform, await platform.signIn(), site.record, account, direct);
  const settled = async (way: Way): Promise<boolean> => {
    const known = await way.look();
    if (![CAMERA, OUTPUT, INPUT, 'yard'].every((id) => known.includes(id))) return false;
    const states = await Promise.all([CAMERA, 'yard'].map(async (id) => (await member(way, id))['state']));
    return states.join() === 'online,offline';
  };
  await onBoth('the entities are there', settled);
  await waitUntil('the device has a subscription', () => device.events.subscriptions.size > 0);
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await device?.[Symbol.asyncDispose]();
}, 30_000);

interface Listed {
  body: { items: { kind: string }[] };
}
type Ask = (way: Way) => Promise<unknown>;
const get = (path: (way: Way) => string): Ask => {
  return (way) => way.answer('GET', path(way));
};
const post = (path: (way: Way) => string, body: object): Ask => {
  return (way) => way.answer('POST', path(way), body);
};
const ptz = (body: object, camera = CAMERA): Ask => post((way) => `/cameras/${way.id(camera)}/ptz`, body);
const output = (active: boolean, entity = OUTPUT): Ask => post((way) => `/outputs/${way.id(entity)}/state`, { active });
const ptzOf = (camera: string): Ask => ptz({ action: 'stop' }, camera);
const recordingOf = (recording: boolean, camera = CAMERA): Ask =>
  post((way) => `/cameras/${way.id(camera)}/recording`, { recording });
const record = recordingOf(true);
const recordOnAndOff: Ask = async (way) => [await record(way), await recordingOf(false)(way)];
const timeline = get((way) => `/cameras/${way.id(CAMERA)}/timeline?${RANGE}`);
const recordings = get((way) => `/cameras/${way.id(CAMERA)}/recordings?${RANGE}`);
const ok = (body: object): object => ({ status: 200, body });
const DONE = ok({});
const MOVE = { action: 'move', pan: 0.5, tilt: -0.25, zoom: 0 };
const STREAM = { status: 200, code: '', description: expect.arrayContaining([expect.stringMatching(/^m=video /)]) };

/** Asked by one way, then by the other: what a device is told twice is no race then. `heard`: what the device was told. */
const inTurn = async (ask: Ask): Promise<[Asked, Asked]> => {
  const askOne = async (way: Way): Promise<Asked> => {
    const before = device.commands.length;
    const answer = await ask(way);
    return { answer, heard: device.commands.slice(before) };
  };
  return [await askOne(ways[0]), await askOne(ways[1])];
};
interface Asked {
  answer: unknown;
  heard: string[];
}

describe('a function of a real agent answers the same through its tunnel and directly:', () => {
  it.each<[string, Ask, unknown, ...string[]]>([
    ['capabilities', async (way) => (await way.role()).capabilities.toSorted(), ALL],
    ['entities', get(({ site: { id } }) => `/entities?siteId=${id}&limit=200`), ok({ nextCursor: null })],
    ['the tree', get(({ site: { id } }) => `/sites/${id}/tree?depth=9&limit=200`), ok({ nextCursor: null })],
    ['a camera', get((way) => `/cameras/${way.id(CAMERA)}`), ok({ remoteId: CAMERA, name: 'Dome', state: 'online' })],
    [
      'who steers',
      get((way) => `/cameras/${way.id(CAMERA)}/ptz`),
      ok({ presets: [{ name: 'Gate' }, { name: 'Yard' }] }),
    ],
    ['PTZ move', ptz(MOVE), DONE, 'move 0.5 -0.25 0'],
    ['PTZ stop', ptz({ action: 'stop' }), DONE, 'stop'],
    ['PTZ preset', ptz({ action: 'preset', preset: 'preset-b' }), DONE, 'preset preset-b'],
    ['PTZ preset that is none', ptz({ action: 'preset', preset: '99' }), /^409 command-refused camera-refused: /],
    ['PTZ home', ptz({ action: 'home' }), DONE, 'home'],
    ['PTZ lock', ptz({ action: 'lock' }), DONE],
    ['PTZ unlock', ptz({ action: 'unlock' }), DONE],
    ['PTZ of a camera that does not turn', ptz({ action: 'stop' }, 'yard'), /^409 command-unsupported no-ptz: /],
    ['an output on', output(true), DONE, 'relay relay-1 true'],
    ['an output off', output(false), DONE, 'relay relay-1 false'],
    ['an output that is a camera', output(true, CAMERA), /^404 output-not-found/],
    ['recording', recordOnAndOff, [DONE, DONE], 'recording job-1 Active', 'recording job-1 Idle'],
    ['recording of a camera that cannot', recordingOf(true, 'yard'), /^409 command-unsupported /],
    ['a still picture', (way) => way.picture(CAMERA), ['image/jpeg', expect.any(String)]],
    ['a still picture of a camera that is away', (way) => way.picture('yard'), /^(?:404 snapshot-unsupported|502 )/],
    ['the timeline', timeline, ok({ spans: [{}, {}, {}, {}, {}] })],
    ['recordings', recordings, ok({ items: [{ state: 'recorded' }, { state: 'recorded' }] })],
    [
      'recordings where there are none',
      get((way) => `/cameras/${way.id('yard')}/recordings?${RANGE}`),
      /^404 recording-/,
    ],
    ['live video', (way) => way.described(CAMERA, 'live'), STREAM],
    ['live video of a camera that is away', (way) => way.described('yard', 'live'), { status: expect.any(Number) }],
    ['small video', (way) => way.described(CAMERA, 'low-res'), STREAM],
    ['playback', (way) => way.described(CAMERA, 'recording'), STREAM],
  ])('%s', async (_what, ask, expected, ...heard) => {
    const [tunnel, direct] = await inTurn(ask);
    expect(direct).toEqual(tunnel);
    expect(tunnel.heard).toEqual(heard);
    if (expected instanceof RegExp) expect(tunnel.answer).toMatch(expected);
    else if (Array.isArray(expected)) expect(tunnel.answer).toEqual(expected);
    else expect(tunnel.answer).toMatchObject(expected as object);
  });

  it('a change of an entity', async () => {
    press(true);
    const isPressed = async (way: Way): Promise<boolean> =>
      ((await member(way, INPUT))['properties'] as { active: boolean | null }).active === true;
    await onBoth('the input is pressed', isPressed);
    list('Court');
    await onBoth('the camera is renamed', async (way) => {
      const { name, state } = await member(way, 'yard');
      return name === 'Court' && state === 'offline';
    });
    for (const entity of [INPUT, 'yard']) {
      const [tunnel, direct] = await byBoth(ways, async (way) => way.general(await member(way, entity)));
      expect(direct).toEqual(tunnel);
    }
  });

  it('events, with all that belongs to them, in their order', async () => {
    for (let n = 0; n < 50; n++) device.events.pulse('tns1:Test/Pulse', { Source: 'source-1' }, { Number: String(n) });
    press(false);
    const events = async (way: Way): Promise<Record<string, unknown>[]> => {
      const path = `/events?siteId=${way.site.id}&sort=arrivedAt&limit=200`;
      return (await way.ask<{ items: Record<string, unknown>[] }>('GET', path)).body.items;
    };
    await onBoth('the last event is there', async (way) => (await events(way)).at(-1)?.['type'] === 'input.inactive');
    const [tunnel, direct] = await byBoth(ways, async (way) =>
      (await events(way)).map(({ id: _id, ...event }) => way.general(event)),
    );
    expect(direct).toEqual(tunnel);
    const numbers = tunnel.filter((event) => (event as { type: string }).type === 'tns1:Test/Pulse');
    expect(numbers).toMatchObject(
      Array.from({ length: 50 }, (_, n) => ({
        occurrencePeriod: 'online',
        sourceId: CAMERA,
        details: { topic: 'tns1:Test/Pulse', data: { Number: String(n) } },
      })),
    );
  });

  it('the levels of users decide across the ways', async () => {
    const [tunnel, direct] = ways;
    const { client } = await newOperator(platform, await signInFirst(platform), ['operator']);
    expect(await ptz({ action: 'lock' })(tunnel)).toMatchObject(DONE);
    const late = await client.ask('POST', `/api/v1/cameras/${direct.id(CAMERA)}/ptz`, MOVE);
    expect([late.status, late.body['code']]).toEqual([409, 'ptz-held']);
    const seen = (await byBoth(
      ways,
      get((way) => `/cameras/${way.id(CAMERA)}/ptz`),
    )) as unknown[];
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject(ok({ lock: { user: 'operator:admin', level: 1 } }));
    expect(await ptz({ action: 'unlock' })(direct)).toMatchObject(DONE);
  });
});

describe('a contact that is refused says the same through the tunnel and directly:', () => {
  const restored = (): Promise<unknown> => byBoth(ways, (way) => way.until('connected'));

  it('a right that is missing, of each function, and of streams that run, which end then and not before', async () => {
    const viewers = await byBoth(ways, async (way) => ViewerProbe.play(await way.url(CAMERA, 'live')));
    await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.units.length > 10)));
    await site.agent(['user', 'allow', account.username, '--allow', 'live']);
    await onBoth('the role knows', async (way) => (await way.role()).capabilities.join() === 'entities,live-streams');
    await restored();
    const functions: [Ask, RegExp][] = [
      [ptz(MOVE), /not-permitted/],
      [output(true), /not-permitted/],
      [record, /not-permitted/],
      [(way) => way.picture(CAMERA), /site-right-missing/],
      [timeline, /site-right-missing/],
      [(way) => way.described(CAMERA, 'recording').then((answer) => JSON.stringify(answer)), /site-right-missing/],
    ];
    for (const [ask, refusal] of functions) {
      const [tunnel, direct] = await byBoth(ways, ask);
      expect(direct).toEqual(tunnel);
      expect(tunnel).toMatch(refusal);
    }
    expect(await byBoth(ways, async (way) => way.described(CAMERA, 'live'))).toMatchObject([STREAM, STREAM]);
    for (const viewer of viewers) {
      const { length } = viewer.units;
      await viewer.until(() => viewer.units.length > length + 10);
      expect([viewer.gaps, viewer.ended]).toEqual([0, undefined]);
    }
    await site.agent(['user', 'allow', account.username, '--allow', 'snapshot']);
    const count = (): string => viewers.map(({ units }) => units.length).join();
    const isQuiet = async (): Promise<boolean> => {
      const before = count();
      await delay(500);
      return count() === before;
    };
    await waitUntil('nobody watches any more', isQuiet, 6_000);
    await Promise.all(viewers.map((viewer) => viewer.close()));
    await site.agent(['user', 'allow', account.username, '--allow', 'all']);
    await onBoth('the role knows', async (way) => (await way.role()).capabilities.length === ALL.length);
  });

  it('a wrong password', async () => {
    await byBoth(ways, (way) => way.change({ password: 'wrong-password-2026' }));
    const reasons = await byBoth(ways, (way) => way.until('invalid-credentials'));
    expect(reasons).toEqual(Array(2).fill('invalid-credentials: the site refuses the account'));
    await byBoth(ways, (way) => way.change({ password: account.password }));
    await restored();
  });

  it('another key than the one known', async () => {
    const { pin, spki } = await createSiteCertificate(new Date());
    const [{ spki: own } = { spki: Buffer.alloc(0) }] = await platform.query<{ spki: Buffer }>(
      'SELECT site_tls_spki AS spki FROM agent WHERE site_id = $1',
      [site.record.id],
    );
    const show = async (key: Buffer, directPin: string): Promise<void> => {
      await platform.query('UPDATE agent SET site_tls_spki = $2 WHERE site_id = $1', [site.record.id, key]);
      // Of the tunnelled one the enrolment says it: any change makes the role look again.
      for (const way of ways) await way.change({ enabled: false });
      await byBoth(ways, (way) =>
        way.change({ enabled: true, ...(way.name === 'direct' ? { tlsPin: directPin } : {}) }),
      );
    };
    await show(spki, pin);
    const [tunnel, direct] = await byBoth(ways, (way) => way.until('connection-failed'));
    expect(direct).toEqual(tunnel);
    expect(tunnel).toMatch(/^tls-pin-mismatch: /);
    await show(own, sitePin(site.stateDir));
    await restored();
  });
});

describe('a flow of events', () => {
  const PER_SECOND = 100;
  let flow: EventFlow | undefined;

  it('outlasts the deaths of federation and of the agent, by both ways: none lost, none twice, order kept', async () => {
    const told = (flow ??= new EventFlow(platform, device, site, PER_SECOND));
    const come = (number: number): Promise<unknown> => byBoth(ways, (way) => told.until(way.site.id, number));
    const from = told.count + 1;
    told.start();
    await come(from + PER_SECOND);
    const isBack = platform.kill('federation');
    await come(from + 2 * PER_SECOND);
    await isBack;
    await told.killAgent();
    await come(told.stop());
    for (const way of ways) expect(await told.compare(way.site.id)).toEqual(WHOLE);
    const [tunnel, direct] = await byBoth(ways, (way) => told.stored(way.site.id));
    expect(direct).toEqual(tunnel);
    const numbers = await told.numbers(site.record.id);
    const expected = Array.from({ length: 2 * PER_SECOND }, (_, index) => from + index);
    expect(numbers.filter((number) => number >= from).slice(0, expected.length)).toEqual(expected);
  }, 60_000);
});

describe('a site of every kind of entity is the same through a tunnel and directly:', () => {
  const journal = new EventJournal();
  const system = new SimulatedConnector(30);
  const [ALARM, GONE] = ['alarm-001', 'camera-002'];
  let made: RegularSite;
  let both: [Way, Way];
  let close: () => void;

  beforeAll(async () => {
    made = await RegularSite.start({ connectors: [system], events: journal });
    made.directory.upsert(STRANGE);
    const rest = await platform.signIn();
    const record = await rest.createSite('Stade');
    const { content } = await rest.issueKeyfile(record.id);
    const identity = await enrolled(platform.ports.tunnel, content, { siteTlsSpki: made.tlsSpki });
    const session = await openTunnel(platform.ports.tunnel, identity, { services: { directory: made.server.lanPort } });
    close = () => session.close();
    const { username, password, address: directoryAddress, tlsPin } = made;
    both = await federateBothWays(platform, rest, record, { username, password }, { directoryAddress, tlsPin });
    await byBoth(both, (way) => waitUntil('all are known', async () => (await way.look()).length === 31));
  }, 60_000);

  afterAll(async () => {
    await made?.stop();
    close?.();
  });

  it('entities of all kinds, and of one that nobody knows', async () => {
    const entities = get(({ site: { id } }) => `/entities?siteId=${id}&limit=200`);
    const [tunnel, direct] = (await byBoth(both, entities)) as [Listed, Listed];
    expect(direct).toEqual(tunnel);
    const kinds = new Set(tunnel.body.items.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['alarm', 'area', 'camera', 'door', 'input', 'output', 'unknown', 'zone']);
    expect(await both[0].answer('GET', `/entities/${both[0].id('strange')}`)).toMatchObject(
      ok({ kind: 'unknown', properties: { vendor: { name: 'acme' }, levels: [1, 2.5, null] } }),
    );
    const [tree, other] = await byBoth(
      both,
      get(({ site: { id } }) => `/sites/${id}/tree?depth=9&limit=200`),
    );
    expect(other).toEqual(tree);
  });

  it('recording, and an alarm from its raise to what the site says of the acknowledgement', async () => {
    for (const recording of [true, false]) {
      const answers = await byBoth(
        both,
        post((way) => `/cameras/${way.id('camera-001')}/recording`, { recording }),
      );
      expect(answers).toMatchObject([DONE, DONE]);
    }
    journal.event({ type: 'alarm.raised', sourceId: ALARM, at: new Date(), details: { alarmId: 'fire-1' } });
    const alarms = async (way: Way): Promise<Record<string, unknown>[]> =>
      (await way.ask<{ items: Record<string, unknown>[] }>('GET', `/alarms?siteId=${way.site.id}`)).body.items;
    const general = async (way: Way): Promise<unknown[]> =>
      (await alarms(way)).map(({ id: _id, raisedAt: _at, acknowledgedAt: _when, ...alarm }) => way.general(alarm));
    const until = (what: string, holds: (alarm: Record<string, unknown>) => boolean): Promise<unknown> =>
      byBoth(both, (way) => waitUntil(what, async () => (await alarms(way)).some(holds)));
    await until('the alarm is raised', ({ state }) => state === 'active');
    const [raised, raisedToo] = await byBoth(both, general);
    expect(raisedToo).toEqual(raised);
    expect(raised).toMatchObject([{ remoteAlarmId: 'fire-1', sourceId: ALARM, delivery: 'none' }]);
    await byBoth(both, async (way) =>
      way.ask('POST', `/alarms/${String((await alarms(way))[0]?.['id'])}/acknowledge`, {}),
    );
    await until('the site has been told', ({ delivery }) => delivery === 'done');
    const [settled, settledToo] = await byBoth(both, general);
    expect(settledToo).toEqual(settled);
    expect(settled).toMatchObject([{ state: 'acknowledged', acknowledgedBy: 'operator:admin' }]);
  });

  it('an entity that changes, and a camera that its site deletes', async () => {
    system.changeState('door-001');
    made.directory.remove(GONE);
    const paths = [(way: Way) => `/cameras/${way.id(GONE)}`, (way: Way) => `/cameras/${way.id(GONE)}/ptz`];
    const isGone = (way: Way): Promise<void> =>
      waitUntil('it is gone', async () => (await way.ask('GET', `/cameras/${way.id(GONE)}`)).status === 404);
    await byBoth(both, isGone);
    const door = get((way) => `/entities/${way.id('door-001')}`);
    for (const ask of [door, ...paths.map(get), ptzOf(GONE), (way: Way) => way.described(GONE, 'live')]) {
      const [tunnel, direct] = await byBoth(both, ask);
      expect(direct).toEqual(tunnel);
      const expected = ask === door ? '"stateReason":"device-unreachable: simulated"' : '404 camera-not-found';
      expect(JSON.stringify(tunnel)).toContain(expected);
    }
  });
});
