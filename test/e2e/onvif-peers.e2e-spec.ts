import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import onvif, { type Cam } from 'onvif';
import { waitUntil } from '../harness/condition.js';
import { DiscoveryResponder } from '../harness/discovery-responder.js';
import { canMakeNetworks, createNetwork, type Network } from '../harness/netns.js';
import { OnvifDevice, type OnvifDeviceOptions } from '../harness/onvif-device.js';
import { Recording } from '../harness/recording.js';

jest.setTimeout(30_000);

const account = { user: 'viewer', password: 'secret' };
const recording = new Recording(0, [[0, 1]]);
const everything = { ...account, ptz: true, inputs: 1, outputs: 1, channels: 2 };

type Call = (options: object, done: (error: Error | null, answer: unknown) => void) => void;

/** One call of the npm client, as a promise. */
const ask = (cam: Cam, method: string, options: object = {}): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const call = (cam as unknown as Record<string, Call>)[method];
    if (call === undefined) throw new Error(`the client has no ${method}`);
    const takesOptions = call.length > 1;
    const done = (error: Error | null, answer: unknown): void => (error ? reject(error) : resolve(answer));
    if (takesOptions) call.call(cam, options, done);
    else (call as unknown as (done: unknown) => void).call(cam, done);
  });

const connect = (device: OnvifDevice, password = account.password): Promise<Cam> =>
  new Promise((resolve, reject) => {
    const options = { hostname: '127.0.0.1', port: device.port, username: account.user, password, timeout: 5_000 };
    const cam = new onvif.Cam(options, (error: Error | null) => (error ? reject(error) : resolve(cam)));
  });

describe('the simulated device satisfies the onvif package', () => {
  let device: OnvifDevice;

  const start = async (options: OnvifDeviceOptions = {}): Promise<void> => {
    device = await OnvifDevice.start(recording, { ...everything, ...options });
  };

  afterEach(() => device[Symbol.asyncDispose]());

  it.each<[string, OnvifDeviceOptions]>([
    ['by WS-Security', {}],
    ['by HTTP Digest', { httpDigest: true }],
    ['with a clock that is an hour off', { skewMs: 3_600_000 }],
    ['without GetServices', { unknown: ['GetServices'] }],
  ])('%s: sources, addresses, PTZ', async (_title, options) => {
    await start(options);
    const cam = await connect(device);
    expect(cam.activeSources).toMatchObject([
      { sourceToken: 'source-1', encoding: 'H264' },
      { sourceToken: 'source-2' },
    ]);
    expect(await ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'main' })).toMatchObject({
      uri: expect.stringMatching(/^rtsp:\/\/127\.0\.0\.1:\d+\/high$/) as string,
    });
    expect(await ask(cam, 'getSnapshotUri', { profileToken: 'main' })).toMatchObject({
      uri: expect.stringContaining('/snapshot.jpg') as string,
    });
    expect(await ask(cam, 'getDeviceInformation')).toMatchObject({ model: 'Simulator' });
    expect(await ask(cam, 'getPresets', { profileToken: 'main' })).toMatchObject({
      Gate: { name: 'Gate' },
      Yard: { $: { token: 'preset-b' } },
    });
    await ask(cam, 'continuousMove', { profileToken: 'main', x: 0.5, y: 0, zoom: 0 });
    await ask(cam, 'stop', { profileToken: 'main', panTilt: true, zoom: true });
    await ask(cam, 'gotoPreset', { profileToken: 'main', preset: 'preset-b' });
    expect(device.commands.map((command) => command.split(' ')[0])).toEqual(['move', 'stop', 'preset']);
  });

  it.each<[string, OnvifDeviceOptions]>([
    ['beside Media 1', {}],
    ['with a broken Media 1', { unknown: ['GetProfiles', 'GetStreamUri', 'GetSnapshotUri'] }],
  ])('describes H.265 by Media 2 %s', async (_title, options) => {
    await start({ media2: true, ...options });
    const cam = await connect(device);
    expect(cam.profiles).toMatchObject([
      { $: { token: 'sub' }, videoEncoderConfiguration: { encoding: 'H264', resolution: { width: 640 } } },
      { $: { token: 'main' }, videoEncoderConfiguration: { encoding: 'H265', resolution: { width: 1280 } } },
      {},
      {},
    ]);
    expect(await ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'main' })).toMatchObject({
      uri: expect.stringMatching(/^rtsp:\/\/127\.0\.0\.1:\d+\/high$/) as string,
    });
    expect(device.actions).toContain('media2:GetStreamUri');
  });

  it('starts and stops its recording jobs', async () => {
    await start();
    const cam = await connect(device);
    expect(await ask(cam, 'getRecordings')).toMatchObject([{ recordingToken: 1 }, { recordingToken: 2 }]);
    expect(await ask(cam, 'getRecordingJobs')).toMatchObject([
      { jobToken: 'job-1', jobConfiguration: { mode: 'Idle', source: { sourceToken: { token: 'main' } } } },
      { jobToken: 'job-2' },
    ]);
    await ask(cam, 'setRecordingJobMode', { JobToken: 'job-2', Mode: 'Active' });
    expect(await ask(cam, 'getRecordingJobState', { JobToken: 'job-2' })).toMatchObject({ state: 'Active' });
    await expect(ask(cam, 'setRecordingJobMode', { JobToken: 'none', Mode: 'Active' })).rejects.toThrow();
    expect(device.commands).toEqual(['recording job-2 Active']);
  });

  it('tells of its events, and refuses a wrong password', async () => {
    await start();
    // Its connect takes a refusal for a device without cameras.
    await expect(ask(await connect(device, 'wrong'), 'getDeviceInformation')).rejects.toThrow();
    const cam = await connect(device);
    expect(await ask(cam, 'getEventProperties')).toMatchObject({ topicSet: {} });
    await ask(cam, 'createPullPointSubscription');
    expect(device.events.subscriptions.size).toBe(1);
    device.events.change('VideoSource/MotionAlarm', { Source: 'source-1' }, { State: 'true' });
    const [id] = device.events.subscriptions.keys();
    expect(device.events.find(id ?? '').messages).toEqual([expect.stringContaining('tns1:VideoSource/MotionAlarm')]);
  });
});

const hasUtil = existsSync('/usr/bin/onvif-util');
const canRun = hasUtil && canMakeNetworks();
if (!canRun) process.stderr.write('SKIPPED: onvif-util needs Debian’s onvif-tools, and root with CAP_NET_ADMIN\n');

(canRun ? describe : describe.skip)('the simulated device satisfies onvif-util', () => {
  let network: Network;
  let device: OnvifDevice;
  let responder: DiscoveryResponder;

  beforeAll(async () => {
    network = createNetwork();
    network.run('ip', 'route', 'add', '239.0.0.0/8', 'dev', 'uplink');
    device = await OnvifDevice.start(recording, { ...everything, host: network.gateway });
    responder = await DiscoveryResponder.start(network.gateway, [{ addresses: device.service, name: 'Gate' }]);
  });

  afterAll(async () => {
    await responder?.[Symbol.asyncDispose]();
    await device?.[Symbol.asyncDispose]();
    await network?.remove();
  });

  const util = (args: readonly string[], command = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      const [program = '', ...before] = network.through;
      const options = { timeout: 15_000, encoding: 'utf8' as const };
      const child = execFile(program, [...before, 'onvif-util', ...args], options, (error, out) =>
        error === null ? resolve(out) : reject(error),
      );
      child.stdin?.end(`${command}\nquit\n`);
    });

  it('finds it by WS-Discovery', async () => {
    await waitUntil('it is found', async () => (await util(['-a'])).includes(`${network.gateway} simulator(Gate`));
  });

  it.each([
    ['get profiles', /Token 0: sub\n\s+Token 1: main/],
    ['get rtsp', /rtsp:\/\/[\d.]+:\d+\/low/],
    ['get time', /Time Offset: -?[01] seconds/],
    ['get video', /Resolution: 640 x 360/],
    ['get capabilities', /event_service:\s+POST \/onvif\/events/],
  ])('answers %s', async (command, expected) => {
    const args = ['-u', account.user, '-p', account.password, network.gateway];
    expect(await util(args, command)).toMatch(expected);
  });
});
