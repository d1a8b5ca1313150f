import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SiteCommand } from '../../site/site-command.js';
import { SiteDirectory } from '../../site/site-directory.js';
import type { SiteEvent } from '../../site/site-event.js';
import type { SiteEntity } from '../../site/entity.js';
import { waitUntil } from '../../../../../test/harness/condition.js';
import { OnvifDevice, type DeviceFailure, type OnvifDeviceOptions } from '../../../../../test/harness/onvif-device.js';
import { Recording } from '../../../../../test/harness/recording.js';
import { ONVIF_KNOWN_FILE } from './known-inventories.js';
import { OnvifConnector, type OnvifConnectorOptions } from './onvif.connector.js';
import { SiteDevices } from './site-devices.js';

jest.setTimeout(20_000);

const account = { user: 'viewer', password: 'p<&>w' };
const recording = new Recording(Date.UTC(2026, 0, 31, 12), [[0, 4]]);
const CAMERA = 'onvif/gate';
const QUICK: Partial<OnvifConnectorOptions> = {
  watchMs: 20,
  retryMs: 50,
  refusedMs: 50,
  events: { lifeMs: 4_000, waitMs: 1_000, maxRetryMs: 300 },
};

describe('OnvifConnector', () => {
  let dir: string;
  let devices: SiteDevices;
  let directory: SiteDirectory;
  let connector: OnvifConnector;
  let device: OnvifDevice;
  let events: SiteEvent[];
  let refusals: string[];

  const find = (remoteId: string): SiteEntity | undefined => directory.find(remoteId);
  const stateOf = (remoteId: string): string => `${find(remoteId)?.state} ${find(remoteId)?.stateReason}`;
  const until = (wanted: string, remoteId = CAMERA): Promise<void> =>
    waitUntil(`${remoteId} is ${wanted}, not ${stateOf(remoteId)}`, () => stateOf(remoteId) === wanted, 10_000);
  const subscribed = (): Promise<void> =>
    waitUntil('the device has a subscription', () => device.events.subscriptions.size > 0, 10_000);
  const told = (type: string): Promise<void> =>
    waitUntil(`${type} is told`, () => events.some((event) => event.type === type), 10_000);
  const start = async (options: Partial<OnvifConnectorOptions> = {}): Promise<void> => {
    const listRefused = (code: string, message: string): void => void refusals.push(`${code} ${message}`);
    connector = new OnvifConnector(dir, { ...QUICK, ...options }, { listRefused });
    await connector.start(directory, { event: (event) => events.push(event) });
  };
  const open = async (options: OnvifDeviceOptions = {}, area?: string): Promise<void> => {
    device = await OnvifDevice.start(recording, { ...account, ...options });
    const entry = { id: 'gate', name: 'Gate', address: device.service, ...(area === undefined ? {} : { area }) };
    await devices.add(entry, account, false);
    await start();
  };
  const execute = (remoteId: string, command: SiteCommand) =>
    connector.execute(remoteId, command, new AbortController().signal);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'onvif-'));
    devices = new SiteDevices(dir);
    directory = new SiteDirectory();
    [events, refusals] = [[], []];
  });

  afterEach(async () => {
    await connector.close();
    await device[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  it.each<[string, OnvifDeviceOptions]>([
    ['with a WS-Security account', {}],
    ['with HTTP Digest only', { httpDigest: true }],
    ['that names its services on another address', { wrongAddress: true }],
    ['without GetServices', { unknown: ['GetServices'] }],
    ['without device IO and presets', { unknown: ['GetRelayOutputs', 'GetDigitalInputs', 'GetPresets'] }],
  ])('shows the camera of a device %s with its streams, sizes and usages', async (_title, options) => {
    await open(options);
    expect(find(CAMERA)).toMatchObject({ kind: 'camera', name: 'Gate' });
    await until('online ');
    const size = { codec: 'H264', frameRate: 25 };
    expect(find(CAMERA)?.streams).toEqual([
      { usages: ['remote', 'low-res'], width: 640, height: 360, ...size },
      { usages: ['live', 'recording', 'high-res'], width: 1280, height: 720, ...size },
    ]);
    expect(find(CAMERA)).toMatchObject({ ptz: false, audio: false, properties: { model: 'Simulator' } });
  });

  it('plays the large and the small picture from the device itself', async () => {
    await open({ wrongAddress: true });
    await until('online ');
    for (const usage of ['high-res', 'low-res'] as const) {
      const stream = connector.stream(CAMERA, usage);
      expect(connector.holds(stream?.key ?? '')).toBe(true);
      let units = 0;
      const listener = { unit: () => void units++, report: () => undefined, ended: () => undefined };
      const source = await stream?.open().open(listener, new AbortController().signal);
      await waitUntil(`${usage} plays`, () => units > 2);
      await source?.close();
    }
    expect(connector.stream('gate', 'live')).toBeUndefined();
  });

  it('gives still pictures, and what is recorded', async () => {
    await open();
    await until('online ');
    const snapshot = await connector.snapshots(CAMERA)?.take(new AbortController().signal);
    expect(snapshot?.image.equals(device.pictures.image)).toBe(true);
    const range = { fromMs: recording.fromMs, toMs: recording.toMs };
    const recordings = connector.recordings(CAMERA);
    expect(await recordings?.timeline(range, new AbortController().signal)).toEqual([{ ...range, state: 'recorded' }]);
    expect(connector.holds(recordings?.key ?? '')).toBe(true);
  });

  it('makes a camera of each video source, and inputs and outputs, in the area of the device', async () => {
    await open({ channels: 2, inputs: 2, outputs: 1, ptz: true }, 'North / Hall');
    await until('online ');
    expect(directory.entities.map(({ kind, remoteId, name, parentId }) => [kind, remoteId, name, parentId])).toEqual([
      ['area', 'area:North', 'North', undefined],
      ['area', 'area:North/Hall', 'Hall', 'area:North'],
      ['camera', CAMERA, 'Gate 1', 'area:North/Hall'],
      ['camera', `${CAMERA}/source-2`, 'Gate 2', 'area:North/Hall'],
      ['input', `${CAMERA}/input/input-1`, 'Gate input input-1', 'area:North/Hall'],
      ['input', `${CAMERA}/input/input-2`, 'Gate input input-2', 'area:North/Hall'],
      ['output', `${CAMERA}/output/relay-1`, 'Gate output relay-1', 'area:North/Hall'],
    ]);
    expect([find(CAMERA)?.ptz, find(`${CAMERA}/source-2`)?.ptz]).toEqual([true, false]);
    await devices.remove('gate');
    await waitUntil('everything is gone', () => directory.entities.length === 0);
  });

  it('turns a camera and sets an output', async () => {
    await open({ channels: 2, ptz: true, inputs: 1, outputs: 1 });
    await until('online ');
    expect(find(CAMERA)?.properties).toMatchObject({ presets: [{ token: '1', name: 'Gate' }, { token: 'preset-b' }] });
    const commands: SiteCommand[] = [
      { kind: 'ptz-move', pan: 0.5, tilt: -7, zoom: 0 },
      { kind: 'ptz-stop' },
      { kind: 'ptz-preset', preset: 'Yard' },
      { kind: 'ptz-preset', preset: '1' },
      { kind: 'ptz-home' },
    ];
    for (const command of commands) expect(await execute(CAMERA, command)).toEqual({ outcome: 'done' });
    expect(await execute(`${CAMERA}/output/relay-1`, { kind: 'set-output', active: true })).toEqual({
      outcome: 'done',
    });
    expect(device.commands).toEqual([
      'move 0.5 -1 0',
      'stop',
      'preset preset-b',
      'preset 1',
      'home',
      'relay relay-1 true',
    ]);
    expect(find(`${CAMERA}/output/relay-1`)?.properties).toEqual({ active: true });
    const unsupported = { outcome: 'unsupported', reason: expect.stringMatching(/^command-unsupported: /) as string };
    expect(await execute(`${CAMERA}/source-2`, { kind: 'ptz-home' })).toEqual(unsupported);
    expect(await execute(CAMERA, { kind: 'set-output', active: true })).toEqual(unsupported);
    expect(await execute(`${CAMERA}/input/input-1`, { kind: 'set-output', active: true })).toEqual(unsupported);
    expect(await execute(CAMERA, { kind: 'ptz-preset', preset: 'none' })).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(/^camera-refused: /) as string,
    });
    expect(execute('onvif/other', { kind: 'ptz-stop' })).toBeUndefined();
    await device.away();
    await expect(execute(CAMERA, { kind: 'ptz-stop' })).rejects.toMatchObject({ code: 'camera-unreachable' });
  });

  it('tells of events with their own type, entity and time, and of unknown ones by their topic', async () => {
    await open({ channels: 2, inputs: 1, outputs: 1, skewMs: 3_600_000 });
    await until('online camera-clock-skewed');
    await subscribed();
    const before = Date.now();
    device.events.change('VideoSource/MotionAlarm', { Source: 'source-2' }, { State: 'true' });
    device.events.change('VideoSource/MotionAlarm', { Source: 'source-2' }, { State: 'false' });
    const rule = { VideoSourceConfigurationToken: 'vsc-2', Rule: 'r' };
    device.events.change('RuleEngine/CellMotionDetector/Motion', rule, { IsMotion: 'true' });
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-1' }, { LogicalState: 'true' });
    device.events.change('Device/Trigger/Relay', { RelayToken: 'relay-1' }, { LogicalState: 'active' });
    device.events.change('VideoSource/GlobalSceneChange/ImagingService', { Source: 'source-1' }, { State: 'true' });
    device.events.change('VideoSource/SignalLoss', { Source: 'source-1' }, { State: 'true' });
    device.events.change('Device/HardwareFailure/StorageFailure', { Token: 'disk' }, { Failed: 'true' });
    device.events.pulse('tnsacme:Lens/Wiper', { Source: 'source-1' }, { Count: '7' });
    await told('tnsacme:Lens/Wiper');
    expect(events.map(({ type, sourceId }) => [type, sourceId])).toEqual([
      ['camera.motion', `${CAMERA}/source-2`],
      ['camera.motion-ended', `${CAMERA}/source-2`],
      ['camera.motion', `${CAMERA}/source-2`],
      ['input.active', `${CAMERA}/input/input-1`],
      ['output.active', `${CAMERA}/output/relay-1`],
      ['camera.tamper', CAMERA],
      ['camera.video-loss', CAMERA],
      ['device.storage-failure', CAMERA],
      ['tnsacme:Lens/Wiper', CAMERA],
    ]);
    for (const { at } of events) expect(Math.abs(at.getTime() - before)).toBeLessThan(4_000);
    expect(events[8]?.details).toMatchObject({ data: { Count: '7' } });
    expect(find(`${CAMERA}/input/input-1`)?.properties).toEqual({ active: true });
    expect(find(CAMERA)?.properties).toMatchObject({ clockSkewSeconds: expect.closeTo(3_600, -1) as number });
  });

  it('subscribes again after a loss, and tells once what changed in between', async () => {
    await open({ inputs: 2 });
    await until('online ');
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-1' }, { LogicalState: 'true' });
    await subscribed();
    await waitUntil('its state is known', () => find(`${CAMERA}/input/input-1`)?.properties?.['active'] === true);
    const before = events.length;
    await device.away();
    await until('offline camera-unreachable');
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-1' }, { LogicalState: 'false' });
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-2' }, { LogicalState: 'false' });
    await device.back();
    await until('online ');
    await told('input.inactive');
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-1' }, { LogicalState: 'false' });
    device.events.change('Device/Trigger/DigitalInput', { InputToken: 'input-2' }, { LogicalState: 'true' });
    await waitUntil('the next one is told', () => events.at(-1)?.sourceId === `${CAMERA}/input/input-2`);
    expect(events.slice(before).map(({ type }) => type)).toEqual(['input.inactive', 'input.active']);
  });

  it('keeps a subscription alive beyond its time, and ends it when it is closed', async () => {
    await open();
    await subscribed();
    const [id] = device.events.subscriptions.keys();
    await waitUntil('it was renewed twice', () => device.actions.filter((one) => one === 'Renew').length >= 2, 10_000);
    expect([...device.events.subscriptions.keys()]).toEqual([id]);
    await connector.close();
    await waitUntil('the device has no subscription', () => device.events.subscriptions.size === 0);
    expect(device.actions.filter((one) => one === 'CreatePullPointSubscription')).toHaveLength(1);
  });

  it('says that the account is refused, and works once it is right', async () => {
    device = await OnvifDevice.start(recording, account);
    await devices.add(
      { id: 'gate', name: 'Gate', address: `127.0.0.1:${device.port}` },
      { ...account, password: 'no' },
      false,
    );
    await start();
    await until('offline camera-unauthorized');
    await devices.setAccount('gate', account);
    await until('online ');
    expect(await readFile(devices.path, 'utf8')).not.toMatch(/viewer|p</);
  });

  it('goes on with the new time when the clock of the device was set', async () => {
    await open({ skewMs: -365 * 86_400_000 });
    await until('online camera-clock-skewed');
    device.setClock(0);
    const signal = new AbortController().signal;
    expect(await connector.execute(CAMERA, { kind: 'ptz-stop' }, signal)).toMatchObject({ outcome: 'unsupported' });
    expect(await connector.snapshots(CAMERA)?.take(signal)).toMatchObject({ image: device.pictures.image });
  });

  it.each<[DeviceFailure, string]>([
    ['hang-up', 'camera-unreachable'],
    ['garbage', 'camera-refused'],
    ['endless', 'camera-refused'],
    ['fault', 'camera-refused'],
    ['silent', 'camera-timeout'],
  ])('says why a device is offline that answers with %s: %s', async (failure, code) => {
    device = await OnvifDevice.start(recording, account);
    device.failures.set('GetProfiles', failure);
    await devices.add({ id: 'gate', name: 'Gate', address: device.service }, account, false);
    await start({ timeoutMs: 1_500 });
    await until(`offline ${code}`);
    device.failures.clear();
    await until('online ');
  });

  it('shows what it knew of a device that is away when it starts', async () => {
    await open({ channels: 2, inputs: 1 });
    await until('online ');
    await connector.close();
    await device.away();
    expect((await stat(join(dir, ONVIF_KNOWN_FILE))).mode & 0o777).toBe(0o600);
    directory = new SiteDirectory();
    await start();
    await until('offline camera-unreachable');
    expect(directory.entities.map(({ remoteId, state }) => [remoteId, state])).toEqual([
      [CAMERA, 'offline'],
      [`${CAMERA}/source-2`, 'offline'],
      [`${CAMERA}/input/input-1`, 'offline'],
    ]);
    await connector.close();
    await writeFile(join(dir, ONVIF_KNOWN_FILE), '{"v":1,"devices":{"gate":{}}}');
    directory = new SiteDirectory();
    await start();
    await device.back();
    await until('online ');
  });

  it('keeps the devices of the last good list, and one broken device harms no other', async () => {
    const other = await OnvifDevice.start(recording, account);
    other.failures.set('*', 'silent');
    await devices.add({ id: 'yard', name: 'Yard', address: other.service }, account, false);
    await open();
    await until('online ');
    await writeFile(devices.path, 'devices: [{ id: gate }]');
    await waitUntil('the list is refused', () => refusals.length > 0);
    expect(refusals).toEqual([expect.stringMatching(/^camera-list-invalid line 1: devices.0.name/)]);
    expect([find('onvif/yard')?.state, find(CAMERA)?.state]).toEqual(['unknown', 'online']);
    await connector.close();
    await other[Symbol.asyncDispose]();
  });
});
