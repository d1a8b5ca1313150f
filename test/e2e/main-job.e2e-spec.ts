import { execFileSync } from 'node:child_process';
import { freePort } from '../../tools/launcher/port.mjs';
import { play, Player } from '../harness/ffmpeg.js';
import { isRunOf } from '../harness/frame-run.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import { sitePin } from '../harness/site-pin.js';
import type { Site } from '../harness/site.js';

/** Site and camera part of a stream URL: what a client application stores. */
const address = (url: string): string => url.slice(0, url.indexOf('?'));

/** Connections to that port of this machine, from whoever dials it. */
const connectionsTo = (port: number): number =>
  execFileSync('ss', ['-Htn', 'state', 'established', `( dport = :${port} )`], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '').length;

describe('a camera behind a firewall', () => {
  let platform: Platform;
  let site: Site;
  let camera: GstCamera;
  let directoryPort: number;
  let redirectorPort: number;

  beforeAll(async () => {
    directoryPort = await freePort();
    redirectorPort = await freePort();
    camera = await startGstCamera();
    platform = await Platform.start({
      extra: {
        federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' },
        'video-redirector': { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' },
      },
    });
    site = await platform.createSite('Hamburg Süd', {
      runArgs: [
        '--directory-listen',
        `127.0.0.1:${directoryPort}`,
        '--redirector-listen',
        `127.0.0.1:${redirectorPort}`,
      ],
    });
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await camera?.stop();
  }, 60_000);

  it('plays the same access units through the tunnel and by direct federation, under one URL, as from the camera itself', async () => {
    await using original = new Player(camera.url('/cam'), { copy: true });
    await original.untilFrames(30);

    await site.federate();
    const [tunnelled] = await site.cameras('Gate');
    if (!tunnelled) throw new Error('no camera');
    const tunnelUrl = await site.viewUrl(tunnelled);
    const throughTunnel = await play(tunnelUrl, { seconds: 5, copy: true });
    expect(connectionsTo(redirectorPort)).toBe(0);

    await site.federate(`127.0.0.1:${directoryPort}`, sitePin(site.stateDir));
    const [direct] = await site.cameras('Gate');
    if (!direct) throw new Error('no camera');
    const directUrl = await site.viewUrl(direct);
    const directly = await play(directUrl, { seconds: 5, copy: true });
    expect(connectionsTo(redirectorPort)).toBe(1);
    await original.untilFrames(original.frames.length + 50);

    expect(throughTunnel.length).toBeGreaterThanOrEqual(100);
    expect(directly.length).toBeGreaterThanOrEqual(100);
    expect(isRunOf(throughTunnel, original.frames)).toBe(true);
    expect(isRunOf(directly, original.frames)).toBe(true);
    expect(address(directUrl)).toBe(address(tunnelUrl));
    expect(direct.id).toBe(tunnelled.id);
  }, 120_000);
});
