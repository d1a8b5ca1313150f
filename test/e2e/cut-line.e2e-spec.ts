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
const CHUNKS = 300;
const LINE_BITS_PER_S = 400_000_000;

/** A download whose digest is known, from a program at the site that knows nothing of tunnels. */
const startOrigin = async (): Promise<{ server: Server; port: number; sha256: string }> => {
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

/** As curl takes it through the ingress. */
class Download {
  readonly #hash = createHash('sha256');
  readonly #ended: Promise<unknown[]>;
  bytes = 0;

  constructor(proxy: readonly string[]) {
    const args = ['-s', ...proxy, 'http://web.hamburg.tunnel.adit.internal/'];
    const curl = spawn('curl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    curl.stdout.on('data', (data: Buffer) => {
      this.#hash.update(data);
      this.bytes += data.length;
    });
    this.#ended = once(curl, 'close');
  }

  async end(): Promise<{ code: unknown; bytes: number; sha256: string }> {
    const [code] = await this.#ended;
    return { code, bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

describe('a line that is cut for ten seconds', () => {
  let platform: Platform;
  let link: WanLink;
  let site: Site;
  let camera: GstCamera;
  let origin: Awaited<ReturnType<typeof startOrigin>>;
  let player: Player;
  let download: Download;
  let sessionsBefore: number;

  beforeAll(async () => {
    origin = await startOrigin();
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
      `services:\n  web: { address: 127.0.0.1:${origin.port}, classes: [bulk] }\n`,
      { mode: 0o600 },
    );
    await site.addCamera(camera.url('/cam'), 'Gate');
    await site.run();
    await site.federate();
    const [gate] = await site.cameras('Gate');
    if (!gate) throw new Error('no camera');
    sessionsBefore = await sessions();
    player = new Player(await site.viewUrl(gate), { copy: true });
    await player.untilFrames(50);
    download = new Download(await throughIngress(platform, 'hamburg', 'web'));
    await waitUntil('a part of the download is there', () => download.bytes > 20 * CHUNK_BYTES);
    link.blackhole();
    await delay(CUT_MS);
    link.heal();
  }, 120_000);

  afterAll(async () => {
    await player?.stop();
    await platform?.stop();
    await link?.stop();
    await camera?.stop();
    origin?.server.close();
  }, 60_000);

  const sessions = (): Promise<number> => platform.counts(['tunnel_session']).then((rows) => rows.tunnel_session);

  it('keeps a viewer’s connection, which shows new frames soon after', async () => {
    await player.untilFrames(player.frames.length + 50, 20_000);
    expect(player.isPlaying).toBe(true);
  }, 30_000);

  it('costs a download that curl makes through the ingress no byte, and the tunnel stays the same one', async () => {
    expect(await download.end()).toEqual({ code: 0, bytes: CHUNK_BYTES * CHUNKS, sha256: origin.sha256 });
    expect(await sessions()).toBe(sessionsBefore);
  }, 120_000);
});
