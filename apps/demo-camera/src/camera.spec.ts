import { join } from 'node:path';
import { RtspSource, type AccessUnit } from '@app/media';
import { DemoCamera } from './camera.js';

const clip = (name: string): string => join(__dirname, '../clips', name);

describe('DemoCamera', () => {
  let camera: DemoCamera;
  let urls: string[];

  beforeAll(async () => {
    camera = new DemoCamera({ '/high': clip('high.h264'), '/low': clip('low.h264') });
    urls = await camera.listen(0, '127.0.0.1');
  });

  afterAll(() => camera.close());

  it.each([0, 1])('plays clip %i from a keyframe', async (index) => {
    const units: AccessUnit[] = [];
    let enough: () => void;
    const seen = new Promise<void>((resolve) => (enough = resolve));
    const unit = (next: AccessUnit): void => void (units.push(next) === 5 && enough());
    const listener = { unit, report: (): void => undefined, ended: (): void => undefined };
    const source = await new RtspSource(urls[index]).open(listener, new AbortController().signal);
    await seen;
    await source.close();
    expect(units[0].key).toBe(true);
    expect(units.slice(1).map((next, at) => (next.timestamp - units[at].timestamp) >>> 0)).toEqual([
      3600, 3600, 3600, 3600,
    ]);
  });

  it('knows no other path', async () => {
    const listener = { unit: (): void => undefined, report: (): void => undefined, ended: (): void => undefined };
    const opening = new RtspSource(urls[0].replace('high', 'none')).open(listener, new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: 'camera-not-found' });
  });
});
