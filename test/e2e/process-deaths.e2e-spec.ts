import { Player } from '../harness/ffmpeg.js';
import { waitUntil } from '../harness/condition.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

/** Rows that no death may cost. */
const KEPT = ['site', 'agent', 'enrol_token', 'certificate', 'federation_role', 'entity', 'view_ticket'] as const;
/** From the moment the process is back until the viewer sees new frames again (bar: 10 s). */
const DOWN_MS = 10_000;

describe('kill -9 while a viewer watches', () => {
  let platform: Platform;
  let site: Site;
  let camera: GstCamera;
  let url: string;

  beforeAll(async () => {
    camera = await startGstCamera();
    platform = await Platform.start({ ownPostgres: true });
    site = await platform.createSite('Hamburg');
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    await site.federate();
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    url = await site.viewUrl(gate);
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await camera?.stop();
  }, 60_000);

  const DEATHS: readonly (readonly [string, () => Promise<void>])[] = [
    ['broker', () => platform.kill('tunnel-broker')],
    ['agent', () => site.kill()],
    ['federation', () => platform.kill('federation')],
    ['issuer', () => platform.kill('keyfile-issuer')],
    ['admin-api', () => platform.kill('admin-api')],
    ['Postgres', () => platform.killPostgres()],
  ];

  it.each(DEATHS)(
    'of the %s: the viewer’s socket survives and shows new frames within 10 s after it is back, and no row is lost',
    async (_name, die) => {
      const before = await platform.counts(KEPT);
      await using player = new Player(url, { copy: true });
      await player.untilFrames(25);
      await die();
      const seen = player.frames.length;
      await player.untilFrames(seen + 25, DOWN_MS);
      expect(player.isPlaying).toBe(true);
      expect(await platform.counts(KEPT)).toEqual(before);
      await waitUntil(
        'the site is up and its camera online by REST',
        async () => {
          const rest = await platform.signIn().catch(() => undefined);
          const tunnel = (await rest?.call('GET', `/sites/${site.record.id}/tunnel`).catch(() => undefined)) as
            { state?: string } | undefined;
          return tunnel?.state === 'up';
        },
        DOWN_MS,
      );
      await site.cameras('Gate');
    },
    90_000,
  );

  it('of the redirector: the same URL plays again within 10 s', async () => {
    await platform.kill('video-redirector');
    await using player = new Player(url, { copy: true });
    await player.untilFrames(25, DOWN_MS);
  }, 60_000);
});
