import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Asset {
  type: string;
  body: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const OWN: Record<string, string> = {
  'play.html': 'text/html; charset=utf-8',
  'play.css': 'text/css; charset=utf-8',
  'play.mjs': SCRIPT,
  'acknowledger.mjs': SCRIPT,
  'back-off.mjs': SCRIPT,
  'hls-stream.mjs': SCRIPT,
  'live-edge.mjs': SCRIPT,
  'media-connection.mjs': SCRIPT,
  'playhead.mjs': SCRIPT,
  'recording-stream.mjs': SCRIPT,
  'recording-timeline.mjs': SCRIPT,
  'recording.mjs': SCRIPT,
  'socket-stream.mjs': SCRIPT,
  'sound.mjs': SCRIPT,
  'source-buffer.mjs': SCRIPT,
  'status.mjs': SCRIPT,
  'whep-stream.mjs': SCRIPT,
};

/** The page's files lie beside the sources; the built program is deeper, in `dist`. */
const folder = (): string => {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = ['../../web', '../../../../../apps/video-redirector/web'].map((up) => join(here, up));
  return candidates.find((path) => existsSync(join(path, 'play.html'))) ?? candidates[0] ?? here;
};

/** Name → file, read once: nothing else can be asked for. */
export const readAssets = (): Map<string, Asset> => {
  const assets = new Map<string, Asset>();
  const dir = folder();
  for (const [name, type] of Object.entries(OWN)) assets.set(name, { type, body: readFileSync(join(dir, name)) });
  const hls = createRequire(import.meta.url).resolve('hls.js/dist/hls.light.min.js');
  assets.set('hls.js', { type: SCRIPT, body: readFileSync(hls) });
  return assets;
};
