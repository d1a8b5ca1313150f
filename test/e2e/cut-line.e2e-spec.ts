import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../tools/launcher/port.mjs';
import { waitUntil } from '../harness/condition.js';
import { Player } from '../harness/ffmpeg.js';
import { startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { throughIngress } from '../harness/operator-ticket.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';
import { startWanLink, type WanLink } from '../harness/wan-link.js';

/** How long the line is silent: nothing passes, and neither end is told. */
const CUT_MS = 10_000;
const CHUNK_BYTES = 1 << 20;
const CHUNKS = 500;
const LINE_BITS_PER_S = 400_000_000;

/** A download whose digest is known, from a program at the site that knows nothing of tunnels. */
const startDownload = async (): Promise<{ server: Server; port: number; sha256: string }> => {
  const chunk = randomBytes(CHUNK_BYTES);
  const hash = createHash('sha256');
  for (let index = 0; index < CHUNKS; index += 1) hash.update(chunk);
  const server = createServer((_request, response) => {
    response.setHeader('content-length', CHUNK_BYTES * CHUNKS);
    let sent = 0;
    const more = (): void => {
      while (sent < CHUNKS) {
        sent += 1;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, sha256: hash.digest('hex') };
};

describe('a line that is cut for ten seconds', () => {
  let platform: Platform;
  let link: WanLink;
  let site: Site;
  let camera: GstCamera;
  let download: Awaited<ReturnType<typeof startDownload>>;

  beforeAll(async () => {
    download = await startDownload();
    camera = await startGstCamera();
    const linePort = await freePort();
    platform = await Platform.start({
      extra: { 'keyfile-issuer': { ADIT_PUBLIC_ENDPOINTS: `127.0.0.1:${linePort}` } },
    });
    const way = { delayMs: 10, rateBitsPerS: LINE_BITS_PER_S };
    link = await startWanLink({
      target: { port: platform.ports.tunnel },
      listen: { port: linePort },
      up: way,
      down: way,
      seed: 7,
    });
    site = await platform.createSite('Hamburg');
    writeFileSync(
      join(site.stateDir, 'agent.yaml'),
      `services:\n  web: { address: 127.0.0.1:${download.port}, classes: [bulk] }\n`,
      { mode: 0o600 },
    );
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    await site.federate();
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    await link?.stop();
    await camera?.stop();
    download?.server.close();
  }, 60_000);

  const cut = async (): Promise<void> => {
    link.blackhole();
    await delay(CUT_MS);
    link.heal();
  };

  const sessions = (): Promise<number> => platform.counts(['tunnel_session']).then((rows) => rows.tunnel_session);

  it('costs a download that curl makes through the ingress no byte, and the tunnel stays the same one', async () => {
    const before = await sessions();
    const proxy = await throughIngress(platform, 'hamburg', 'web');
    const curl = spawn('curl', ['-s', ...proxy, 'http://web.hamburg.tunnel.adit.internal/'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const hash = createHash('sha256');
    let bytes = 0;
    curl.stdout.on('data', (data: Buffer) => {
      hash.update(data);
      bytes += data.length;
    });
    const ended = once(curl, 'close');
    await waitUntil('a part of the download is there', () => bytes > 20 * CHUNK_BYTES);
    await cut();
    const [code] = (await ended) as [number];
    expect(code).toBe(0);
    expect(bytes).toBe(CHUNK_BYTES * CHUNKS);
    expect(hash.digest('hex')).toBe(download.sha256);
    expect(await sessions()).toBe(before);
  }, 120_000);

  it('keeps a viewer’s connection, which shows new frames soon after', async () => {
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    await using player = new Player(await site.viewUrl(gate), { copy: true });
    await player.untilFrames(50);
    await cut();
    await player.untilFrames(player.frames.length + 50, 20_000);
    expect(player.isPlaying).toBe(true);
  }, 90_000);
});
