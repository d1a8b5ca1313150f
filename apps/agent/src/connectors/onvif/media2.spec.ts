import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../../../../test/harness/condition.js';
import { OnvifDevice, type DeviceFailure, type OnvifDeviceOptions } from '../../../../../test/harness/onvif-device.js';
import { Recording } from '../../../../../test/harness/recording.js';
import { askMedia, type MediaService } from '../../onvif/media-service.js';
import { OnvifDevice as OnvifClient } from '../../onvif/onvif-device.js';
import { SiteDirectory } from '../../site/site-directory.js';
import { ONVIF_KNOWN_FILE } from './known-inventories.js';
import { OnvifConnector, type OnvifConnectorOptions } from './onvif.connector.js';
import { SiteDevices } from './site-devices.js';

jest.setTimeout(30_000);

const account = { user: 'viewer', password: 'secret' };
const CAMERA = 'onvif/gate';
const SMALL = expect.objectContaining({ codec: 'H264', width: 640 }) as object;
const LARGE_265 = expect.objectContaining({ codec: 'H265', width: 1280, height: 720, frameRate: 12.5 }) as object;
const never = new AbortController().signal;

describe('an ONVIF device with Media 2', () => {
  let dir: string;
  let directory: SiteDirectory;
  let connector: OnvifConnector;
  let device: OnvifDevice;

  const stateOf = (): string => `${directory.find(CAMERA)?.state} ${directory.find(CAMERA)?.stateReason}`;
  const until = (wanted: string): Promise<void> =>
    waitUntil(`it is ${wanted}, not ${stateOf()}`, () => stateOf() === wanted, 20_000);
  const streams = (): unknown => directory.find(CAMERA)?.streams;
  const run = async (options: Partial<OnvifConnectorOptions> = {}): Promise<void> => {
    directory = new SiteDirectory();
    connector = new OnvifConnector(dir, { watchMs: 20, probeMs: 100, retryMs: 50, ...options });
    await connector.start(directory, { event: () => undefined });
  };
  const open = async (
    options: OnvifDeviceOptions = {},
    failures: Record<string, DeviceFailure> = {},
    password = account.password,
  ): Promise<void> => {
    device = await OnvifDevice.start(new Recording(0, [[0, 1]]), { ...account, media2: true, ...options });
    for (const [action, failure] of Object.entries(failures)) device.failures.set(action, failure);
    const entry = { id: 'gate', name: 'Gate', address: device.service };
    await new SiteDevices(dir).add(entry, { ...account, password }, false);
    await run();
  };
  const plays = async (): Promise<void> => {
    let units = 0;
    const listener = { unit: () => void units++, report: () => undefined, ended: () => undefined };
    const source = await connector.stream(CAMERA, 'high-res')?.open().open(listener, never);
    await waitUntil('it plays', () => units > 2);
    await source?.close();
  };
  const askedOf = (service: 'media' | 'media2', action: string): boolean =>
    device.actions.includes(service === 'media2' ? `media2:${action}` : action);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'onvif-'));
  });

  afterEach(async () => {
    await connector.close();
    await device[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  it.each<[string, OnvifDeviceOptions]>([
    ['beside Media 1', {}],
    ['alone', { lacks: ['media'] }],
    ['on another address', { wrongAddress: true }],
    ['with HTTP Digest', { httpDigest: true }],
  ])('%s shows its H.265 stream, plays it and gives still pictures', async (_title, options) => {
    await open({ channels: 2, ptz: true, ...options });
    await until('online ');
    expect(streams()).toEqual([SMALL, LARGE_265]);
    expect(directory.entities.map(({ remoteId, ptz }) => [remoteId, ptz])).toEqual([
      [CAMERA, true],
      [`${CAMERA}/source-2`, false],
    ]);
    await plays();
    expect(await connector.snapshots(CAMERA)?.take(never)).toMatchObject({ image: device.pictures.image });
    for (const action of ['GetProfiles', 'GetStreamUri', 'GetSnapshotUri']) {
      expect([action, askedOf('media2', action), askedOf('media', action)]).toEqual([action, true, false]);
    }
  });

  it.each<[string, DeviceFailure]>([
    ['has no sense', 'garbage'],
    ['has no end', 'endless'],
    ['is a fault', 'fault'],
    ['is a hang-up', 'hang-up'],
  ])('is shown by Media 1 when the answer of Media 2 %s', async (_title, failure) => {
    await open({}, { 'media2:GetProfiles': failure });
    await until('online ');
    expect(streams()).toEqual([SMALL]);
    await plays();
    expect(askedOf('media2', 'GetStreamUri')).toBe(false);
  });

  it.each<[string, DeviceFailure | 'unknown']>([
    ['knows no addresses', 'unknown'],
    ['hangs up when asked for addresses', 'hang-up'],
  ])('is asked by Media 1 for what Media 2 does not tell: %s', async (_title, failure) => {
    const names = ['media2:GetStreamUri', 'media2:GetSnapshotUri'];
    if (failure === 'unknown') await open({ unknown: names });
    else await open({}, Object.fromEntries(names.map((name) => [name, failure])));
    await until('online ');
    expect(streams()).toEqual([SMALL, LARGE_265]);
    await plays();
    expect(await connector.snapshots(CAMERA)?.take(never)).toMatchObject({ image: device.pictures.image });
    expect(device.actions.filter((name) => name === 'media2:GetStreamUri').length).toBe(failure === 'unknown' ? 2 : 1);
  });

  it('is shown by Media 1 when the answer of Media 2 never comes, and not asked by it again in that round', async () => {
    await open({ lacks: ['events'] });
    device.failures.set('media2:GetProfiles', 'silent');
    const one = new OnvifClient(device.service, account);
    const ask = (service: MediaService): Promise<unknown> =>
      one.call(service, '<t:GetProfiles/>', never, { timeoutMs: 200 });
    const asked = async (): Promise<unknown> => Object.keys((await askMedia(one, 'GetProfiles', never, ask)) as object);
    expect([await asked(), await one.offers('media2', never)]).toEqual([['GetProfilesResponse'], false]);
    await one.look(never);
    expect(await one.offers('media2', never)).toBe(true);
  });

  it('is offline with the reason when Media 2 is all that it has, and broken', async () => {
    await open({ lacks: ['media'] }, { 'media2:GetProfiles': 'fault' });
    await until('offline camera-refused');
    device.failures.clear();
    await until('online ');
  });

  it('is not asked twice with an account that it refuses', async () => {
    await open({}, {}, 'wrong');
    await until('offline camera-unauthorized');
    expect(askedOf('media', 'GetProfiles')).toBe(false);
  });

  it('loses no stream while it does not answer for a moment', async () => {
    await open();
    await until('online ');
    device.failures.set('media2:GetProfiles', 'hang-up');
    await until('offline camera-unreachable');
    expect(streams()).toEqual([SMALL, LARGE_265]);
    device.failures.clear();
    await until('online ');
    expect(askedOf('media', 'GetProfiles')).toBe(false);
  });

  it('is known from the file of an agent that knew Media 1 alone', async () => {
    await open();
    await until('online ');
    await connector.close();
    await device.away();
    const path = join(dir, ONVIF_KNOWN_FILE);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll('"service":"media2",', ''));
    expect(await readFile(path, 'utf8')).not.toBe(text);
    await run();
    await until('offline camera-unreachable');
    expect(streams()).toEqual([SMALL, LARGE_265]);
    await device.back();
    await until('online ');
  });
});
