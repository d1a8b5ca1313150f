import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../../../../../test/harness/condition.js';
import { OnvifDevice, type DeviceFailure, type OnvifDeviceOptions } from '../../../../../test/harness/onvif-device.js';
import { Recording } from '../../../../../test/harness/recording.js';
import type { CommandOutcome } from '../../site/site-command.js';
import { SiteDirectory } from '../../site/site-directory.js';
import type { SiteEvent } from '../../site/site-event.js';
import { OnvifConnector } from './onvif.connector.js';
import { SiteDevices } from './site-devices.js';

jest.setTimeout(20_000);

const account = { user: 'recorder', password: 'secret' };
const FIRST = 'onvif/gate';
const SECOND = `${FIRST}/source-2`;
const DONE: CommandOutcome = { outcome: 'done' };

describe('the recording of an ONVIF camera', () => {
  let dir: string;
  let directory: SiteDirectory;
  let connector: OnvifConnector;
  let device: OnvifDevice;
  let events: SiteEvent[];

  const open = async (options: OnvifDeviceOptions = {}, change = (_device: OnvifDevice): void => undefined) => {
    device = await OnvifDevice.start(new Recording(0, [[0, 1]]), { ...account, channels: 2, ...options });
    change(device);
    await new SiteDevices(dir).add({ id: 'gate', name: 'Gate', address: device.service }, account, false);
    await connector.start(directory, { event: (event) => events.push(event) });
    await waitUntil('it is online', () => directory.find(FIRST)?.state === 'online', 10_000);
  };
  const record = async (remoteId: string, recording: boolean): Promise<CommandOutcome | undefined> =>
    connector.execute(remoteId, { kind: 'set-recording', recording }, AbortSignal.timeout(5_000));
  const states = (): unknown[] => [FIRST, SECOND].map((id) => directory.find(id)?.properties?.['recording']);
  const modes = (): string[] => device.jobs.map(({ mode }) => mode);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'onvif-'));
    [directory, events] = [new SiteDirectory(), []];
    connector = new OnvifConnector(dir, {
      watchMs: 20,
      probeMs: 300,
      events: { lifeMs: 4_000, waitMs: 1_000, maxRetryMs: 300 },
    });
  });

  afterEach(async () => {
    await connector.close();
    await device[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  it.each<[string, OnvifDeviceOptions]>([
    ['by its profile', {}],
    ['of a device without GetServices', { unknown: ['GetServices'] }],
    ['of a device that does not tell states', { unknown: ['GetRecordingJobState'] }],
  ])('starts and stops, and no other with it: %s', async (_title, options) => {
    await open(options);
    expect(states()).toEqual([false, false]);
    for (const round of ['first', 'again']) {
      expect([round, await record(SECOND, true)]).toEqual([round, DONE]);
      expect([states(), modes()]).toEqual([
        [false, true],
        ['Idle', 'Active'],
      ]);
    }
    expect(await record(SECOND, false)).toEqual(DONE);
    expect(await record(SECOND, false)).toEqual(DONE);
    expect(states()).toEqual([false, false]);
    expect(device.commands).toEqual(['recording job-2 Active', 'recording job-2 Idle']);
  });

  it('finds the job by its recording when it takes the picture of a receiver', async () => {
    await open({}, ({ jobs }) => jobs.forEach((job) => (job.profile = `receiver-${job.token}`)));
    expect(await record(SECOND, true)).toEqual(DONE);
    expect(modes()).toEqual(['Idle', 'Active']);
  });

  it('takes the only camera of a device for what all its jobs record', async () => {
    const foreign = (one: OnvifDevice): void => {
      one.jobs.splice(0, 1, { token: 'j', recording: 'r', profile: 'p', mode: 'Idle', priority: 0 });
    };
    await open({ channels: 1, unknown: [] }, foreign);
    expect(await record(FIRST, true)).toEqual(DONE);
    expect(states()[0]).toBe(true);
  });

  it('starts the job of the highest priority, and stops all of them', async () => {
    const more = ({ jobs }: OnvifDevice): void => {
      jobs.push({ token: 'alarm', recording: '1', profile: 'sub', mode: 'Idle', priority: 9 });
    };
    await open({}, more);
    expect(await record(FIRST, true)).toEqual(DONE);
    expect(device.commands).toEqual(['recording alarm Active']);
    for (const job of device.jobs) job.mode = 'Active';
    expect(await record(FIRST, false)).toEqual(DONE);
    expect(modes()).toEqual(['Idle', 'Active', 'Idle']);
  });

  it.each<[string, OnvifDeviceOptions, (device: OnvifDevice) => void, RegExp]>([
    ['without the service', { lacks: ['recording'] }, () => undefined, /: the device has no recording service$/],
    ['without a job', {}, ({ jobs }) => void jobs.splice(0), /: no recording job of the device is for this camera$/],
    ['with a job of another camera alone', {}, ({ jobs }) => void jobs.splice(0, 1), /: no recording job/],
    ['that does not know the command', { unknown: ['SetRecordingJobMode'] }, () => undefined, /does not know this/],
  ])('cannot be started on a device %s', async (_title, options, change, reason) => {
    await open(options, change);
    const outcome = { outcome: 'unsupported', reason: expect.stringMatching(reason) as string };
    expect(await record(FIRST, true)).toEqual(outcome);
    expect(device.commands).toEqual([]);
  });

  it.each(['Error', '<b/>'])('is refused when the device takes the command and says %s', async (says) => {
    await open({}, ({ jobs }) => jobs.forEach((job) => (job.says = says)));
    const word = /^\w+$/.test(says) ? says : 'nothing';
    expect(await record(FIRST, true)).toEqual({
      outcome: 'refused',
      reason: `camera-refused: The device took the command, but its recording job says ${word}`,
    });
    expect(states()).toEqual([false, false]);
  });

  it('waits a moment for a job that begins late', async () => {
    await open({}, ({ jobs }) => jobs.forEach((job) => (job.says = 'Idle')));
    const asked = record(FIRST, true);
    await waitUntil('it is asked', () => device.commands.length > 0);
    device.jobs.forEach((job) => (job.says = 'PartiallyActive'));
    expect(await asked).toEqual(DONE);
  });

  it('is what was commanded while the device was being read', async () => {
    await open();
    device.delayMs = 100;
    device.actions.splice(0);
    await waitUntil('it is being read', () => device.actions.at(-1) === 'GetRecordingJobs');
    device.delayMs = 0;
    expect(await record(FIRST, true)).toEqual(DONE);
    const wasTrue = states()[0];
    await waitUntil('it was read', () => device.actions.filter((one) => one === 'GetRecordingJobs').length > 2);
    expect([wasTrue, states()[0]]).toEqual([true, true]);
  });

  it('gives the fault of a device that refuses, with its code', async () => {
    await open();
    device.failures.set('SetRecordingJobMode', 'fault');
    expect(await record(FIRST, true)).toEqual({
      outcome: 'refused',
      reason: 'camera-refused: The device answered 500 Action refused',
    });
  });

  it.each<[DeviceFailure, string]>([
    ['hang-up', 'camera-unreachable'],
    ['silent', 'camera-timeout'],
  ])('fails on a device that answers with %s', async (failure, code) => {
    await open();
    device.failures.set('SetRecordingJobMode', failure);
    const asked = connector.execute(FIRST, { kind: 'set-recording', recording: true }, AbortSignal.timeout(500));
    await expect(asked).rejects.toMatchObject({ code });
  });

  it('follows what others do with the jobs, by events of its camera and without them', async () => {
    await open();
    await waitUntil('it has a subscription', () => device.events.subscriptions.size > 0);
    expect(await record(SECOND, true)).toEqual(DONE);
    await waitUntil('it is told', () => events.length > 0);
    expect(events.map(({ type, sourceId }) => [type, sourceId])).toEqual([['tns1:RecordingConfig/JobState', SECOND]]);
    const [, second] = device.jobs;
    Object.assign(second ?? {}, { mode: 'Idle' });
    await waitUntil('the end is seen', () => states()[1] === false);
    device.failures.set('GetRecordingJobs', 'garbage');
    await waitUntil('nobody knows', () => states()[1] === undefined);
    expect(directory.find(FIRST)?.state).toBe('online');
  });
});
