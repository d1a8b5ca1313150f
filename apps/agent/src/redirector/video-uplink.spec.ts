import { ClipSource, Hub, type LinkDecision, parseClip, type ReplaySource } from '@app/media';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_SHARES, type VideoShares } from '../uplink/video-shares.js';
import { StreamRates } from './stream-rates.js';
import { type LiveStream, VideoUplink } from './video-uplink.js';

const clip = parseClip(readFileSync(join(__dirname, '../../../demo-camera/clips/low.h264')));

const codeOf = (decision: LinkDecision): string => ('refuse' in decision ? decision.refuse.code : 'admitted');
const usageOf = (decision: LinkDecision): string =>
  'hub' in decision ? (decision.hub.rendition?.usage ?? 'fixed') : codeOf(decision);
const release = (decision: LinkDecision): void => {
  if ('released' in decision) decision.released?.();
};

describe('VideoUplink', () => {
  let shares: VideoShares;
  let rates: StreamRates;
  let uplink: VideoUplink;
  let now: number;
  const hubs: Hub[] = [];

  /** A stream that was measured before. */
  const stream = (key: string, bitsPerSecond: number, usage = 'high-res'): LiveStream => {
    for (let look = 0; look < 4; look += 1, now += 1_000) rates.look(key, (look * bitsPerSecond) / 8);
    const hub = new Hub(new ClipSource(clip, { name: key, framesPerSecond: 25 }));
    hubs.push(hub);
    return { key, usage, hub };
  };

  beforeEach(() => {
    now = 0;
    shares = { ...NO_SHARES, live: 5e6 };
    rates = new StreamRates(() => now);
    uplink = new VideoUplink(() => shares, rates);
  });

  afterEach(() => Promise.all(hubs.splice(0).map((hub) => hub.close())));

  it('admits live streams up to the share, and again when one has ended', async () => {
    const [one, two] = [stream('one', 3e6), stream('two', 3e6)];
    const first = await uplink.live({ high: one, low: undefined });
    expect(codeOf(first)).toBe('admitted');
    expect(codeOf(await uplink.live({ high: two, low: undefined }))).toBe('uplink-live-exceeded');
    release(first);
    release(first);
    expect(codeOf(await uplink.live({ high: two, low: undefined }))).toBe('admitted');
  });

  it('lets no two of the same moment take the same room', async () => {
    const wanted = ['one', 'two', 'three'].map((key) => stream(key, 2e6));
    const decisions = await Promise.all(wanted.map((high) => uplink.live({ high, low: undefined })));
    expect(decisions.map(codeOf)).toEqual(['admitted', 'admitted', 'uplink-live-exceeded']);
    decisions.forEach(release);
  });

  it('begins with the low resolution where only that has room', async () => {
    const first = await uplink.live({ high: stream('one', 3e6), low: undefined });
    const second = await uplink.live({ high: stream('two', 3e6), low: stream('two low', 5e5, 'low-res') });
    expect([usageOf(first), usageOf(second)]).toEqual(['fixed', 'low-res']);
    [first, second].forEach(release);
  });

  it('has streams that can be exchanged make room for one that cannot', async () => {
    const automatic = await uplink.live({ high: stream('one', 3e6), low: stream('one low', 5e5, 'low-res') });
    expect(usageOf(automatic)).toBe('high-res');
    const fixed = await uplink.live({ high: stream('two', 4e6), low: undefined });
    expect(usageOf(fixed)).toBe('fixed');
    expect(codeOf(await uplink.live({ high: stream('three', 1e6), low: undefined }))).toBe('uplink-live-exceeded');
    [automatic, fixed].forEach(release);
  });

  it('follows a share that changes, and refuses nothing without one', async () => {
    shares = { ...NO_SHARES, live: 1e6 };
    const high = stream('one', 3e6);
    expect(codeOf(await uplink.live({ high, low: undefined }))).toBe('uplink-live-exceeded');
    shares = NO_SHARES;
    const decisions = await Promise.all([1, 2, 3].map(() => uplink.live({ high, low: undefined })));
    expect(decisions.map(codeOf)).toEqual(['admitted', 'admitted', 'admitted']);
    decisions.forEach(release);
  });

  it('tells the trouble of a camera that does not open, and keeps no room for it', async () => {
    const broken = stream('broken', 3e6);
    await broken.hub.close();
    await expect(uplink.live({ high: broken, low: undefined })).rejects.toMatchObject({ code: 'hub-closed' });
    const next = await uplink.live({ high: stream('next', 4e6), low: undefined });
    expect(codeOf(next)).toBe('admitted');
    release(next);
  });

  it('holds recordings while live video is in trouble, and lets them go on later', async () => {
    shares = NO_SHARES;
    const live = await uplink.live({ high: stream('one', 3e6), low: undefined });
    if (!('hub' in live)) throw new Error(codeOf(live));
    const told: string[] = [];
    const device: ReplaySource = {
      open: (sink) => {
        sink.packets(0, [Buffer.alloc(64 << 10)]);
        return Promise.resolve({
          description: { name: '-', control: '', tracks: [] },
          request: () => Promise.resolve(),
          pause: () => told.push('pause'),
          resume: () => told.push('resume'),
          close: () => Promise.resolve(),
        });
      },
    };
    const playback = uplink.playback(device);
    if (!('replay' in playback)) throw new Error(codeOf(playback));
    // Says nothing of its first two seconds.
    const deadline = Date.now() + 6_000;
    const strain = async (): Promise<void> => {
      live.hub.pressure?.({ ackAgeMs: 700, dropEpisodes: 1 });
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    for (let count = 0; count < 48; count += 1) await strain();
    const sink = { packets: () => undefined, control: () => undefined, ended: () => undefined };
    await playback.replay.open(sink, new AbortController().signal);
    while (told.length === 0 && Date.now() < deadline) await strain();
    expect(told).toEqual(['pause']);
    live.hub.pressure?.({ ackAgeMs: 10, dropEpisodes: 1 });
    while (told.length < 2 && Date.now() < deadline + 10_000) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told.slice(0, 2)).toEqual(['pause', 'resume']);
    [live, playback].forEach(release);
  }, 20_000);

  it('refuses a recording when those that run take their share', async () => {
    shares = { ...NO_SHARES, playback: 1e6 };
    const device: ReplaySource = { open: () => Promise.reject(new Error('not opened here')) };
    const greedy: ReplaySource = {
      open: (sink) => {
        sink.packets(0, [Buffer.alloc(1 << 20)]);
        return Promise.reject(new Error('not opened here'));
      },
    };
    const first = uplink.playback(greedy);
    if (!('replay' in first)) throw new Error(codeOf(first));
    const sink = { packets: () => undefined, control: () => undefined, ended: () => undefined };
    await expect(first.replay.open(sink, new AbortController().signal)).rejects.toThrow('not opened here');
    expect(codeOf(uplink.playback(device))).toBe('uplink-playback-exceeded');
    release(first);
    const next = uplink.playback(device);
    expect(codeOf(next)).toBe('admitted');
    release(next);
  });
});
