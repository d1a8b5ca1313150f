import { formatClock, type ReplaySink } from '@app/media';
import { OnvifDevice, type OnvifDeviceOptions } from '../../../../test/harness/onvif-device.js';
import { Recording } from '../../../../test/harness/recording.js';
import { OnvifRecordings } from './onvif-recordings.js';

const START = Date.UTC(2026, 0, 31, 12);
const account = { user: 'viewer', password: 'p<&>w' };
const recording = new Recording(START, [
  [0, 4],
  [10, 4],
]);
const silent: ReplaySink = { packets: () => undefined, control: () => undefined, ended: () => undefined };
const signal = new AbortController().signal;

describe('OnvifRecordings', () => {
  let device: OnvifDevice;

  const recordings = async (
    options: OnvifDeviceOptions = {},
    token?: string,
    credentials = account,
  ): Promise<OnvifRecordings> => {
    device = await OnvifDevice.start(recording, { ...account, ...options });
    return new OnvifRecordings('key', { service: device.service, recording: token, credentials });
  };

  const timeline = async (found: OnvifRecordings, fromS: number, toS: number): Promise<string[]> => {
    const range = { fromMs: START + fromS * 1000, toMs: START + toS * 1000 };
    const spans = await found.timeline(range, signal);
    return spans.map(({ state, fromMs, toMs }) => `${state} ${(fromMs - START) / 1000}-${(toMs - START) / 1000}`);
  };

  afterEach(() => device[Symbol.asyncDispose]());

  it.each<[string, OnvifDeviceOptions]>([
    ['with a WS-Security account', {}],
    ['with a clock that is a year off', { skewMs: -365 * 86_400_000 }],
    ['with HTTP Digest only', { httpDigest: true }],
    ['that names its services on another address', { wrongAddress: true }],
    ['without GetServices', { unknown: ['GetServices'] }],
  ])('finds the recording with video of a device %s, its gap and its range', async (_title, options) => {
    const found = await recordings(options);
    expect(await timeline(found, -5, 20)).toEqual([
      'empty -5-0',
      'recorded 0-4',
      'empty 4-10',
      'recorded 10-14',
      'empty 14-20',
    ]);
    const replay = await found.open(silent, signal);
    expect(replay.description.ranges?.[0]).toBe(`clock=${formatClock(START)}-${formatClock(START + 14_000)}`);
    await replay.close();
  });

  it('ends the searches that it began', async () => {
    const found = await recordings();
    await timeline(found, 0, 20);
    const count = (name: string): number => device.actions.filter((action) => action === name).length;
    expect(count('EndSearch')).toBe(count('FindRecordings') + count('FindEvents'));
  });

  it('begins in the middle of what is recorded, or of a gap', async () => {
    const found = await recordings();
    expect(await timeline(found, 2, 3)).toEqual(['recorded 2-3']);
    expect(await timeline(found, 5, 12)).toEqual(['empty 5-10', 'recorded 10-12']);
  });

  it('says unknown where a device does not tell of gaps', async () => {
    const found = await recordings({ unknown: ['FindEvents'] });
    expect(await timeline(found, -5, 20)).toEqual(['empty -5-0', 'unknown 0-14', 'empty 14-20']);
  });

  it('refuses a wrong account, a token that is not there, and a device without replay, each with its code', async () => {
    const wrong = await recordings({}, undefined, { user: 'viewer', password: 'no' });
    await expect(timeline(wrong, 0, 1)).rejects.toMatchObject({ code: 'camera-unauthorized' });
    await device[Symbol.asyncDispose]();
    const missing = await recordings({}, 'none');
    await expect(timeline(missing, 0, 1)).rejects.toMatchObject({ code: 'camera-not-found' });
    await device[Symbol.asyncDispose]();
    const old = await recordings({ unknown: ['GetReplayUri'] });
    await expect(old.open(silent, signal)).rejects.toMatchObject({ code: 'camera-replay-refused' });
    await device[Symbol.asyncDispose]();
    await expect(timeline(old, 0, 1)).rejects.toMatchObject({ code: 'camera-unreachable' });
    device = await OnvifDevice.start(recording);
  });
});
