import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppProcess } from '../launcher/app-process.mjs';
import { entryOf } from '../launcher/cloud.mjs';
import { freePort, isPortFree } from '../launcher/port.mjs';

const READY_MS = 20_000;

/** @typedef {{ name: string, url: string, low?: string }} DemoCamera */

/**
 * Starts the looped clips as RTSP cameras. The port stays the same from start to start, because the site's camera list
 * names it.
 * @param {{ dir: string, log: (name: string, line: string) => void }} options
 * @returns {Promise<{ cameras: DemoCamera[], isNewPort: boolean, stop: (limitMs?: number) => Promise<void> }>}
 */
export async function startCameras({ dir, log }) {
  const file = join(dir, 'camera-port');
  const last = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const isNewPort = !(last > 0 && (await isPortFree(last)));
  const port = isNewPort ? await freePort() : last;
  if (isNewPort) writeFileSync(file, `${port}\n`);
  const process = new AppProcess({
    name: 'demo-camera',
    entry: entryOf('demo-camera'),
    args: ['--port', String(port)],
    env: {},
    log,
  });
  await process.start(READY_MS);
  const base = `rtsp://127.0.0.1:${port}`;
  const cameras = [
    { name: 'Entrance', url: `${base}/high`, low: `${base}/low` },
    { name: 'Car park', url: `${base}/low` },
  ];
  return { cameras, isNewPort, stop: (limitMs) => process.stop(limitMs) };
}
