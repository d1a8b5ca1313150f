/**
 * Cameras as a process: at /cam H.264 of two Mbit/s, at /card the clip of four that the argument names, which a decoder
 * takes. Both have 25 pictures and one keyframe a second, and a stamp in each picture.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built } from '../built.mjs';
import { LiveCamera } from './live-camera.mjs';

const GOP_FRAMES = 25;
const KEY_BYTES = 50_000;
const OTHER_BYTES = 8_333;
const CLIP = join(import.meta.dirname, '..', '..', '..', 'apps', 'demo-camera', 'clips', 'low.h264');

const { Hub, RtspServer, parseClip } = await built('media');

/** @param {boolean} key */
function slice(key) {
  const unit = Buffer.alloc(key ? KEY_BYTES : OTHER_BYTES, 0x55);
  unit[0] = key ? 0x65 : 0x41;
  return { key, units: [unit] };
}

const [key, other] = [slice(true), slice(false)];
const plain = new LiveCamera(parseClip(readFileSync(CLIP)), (frame) => (frame % GOP_FRAMES === 0 ? key : other));
const [, , cardFile = ''] = process.argv;
const clip = parseClip(readFileSync(cardFile || CLIP));
const card = new LiveCamera(clip, (frame) => clip.frames[frame % clip.frames.length]);

// A camera keeps no pictures for those who come later.
/** @type {Record<string, InstanceType<typeof Hub>>} */
const hubs = { '/cam': new Hub(plain, { maxCacheBytes: 0 }), '/card': new Hub(card, { maxCacheBytes: 0 }) };
const server = new RtspServer(async (/** @type {{ path: string }} */ { path }) =>
  Object.hasOwn(hubs, path) ? { hub: hubs[path] } : { refuse: { status: 404, code: 'unknown', reason: 'No camera' } },
);
const { port } = await server.listen(0, '127.0.0.1');
process.send?.({ type: 'ready', port });
process.on('message', ({ id }) => {
  const { outlets, opened } = hubs['/cam'].stats;
  process.send?.({ id, outlets, opened, cardBeganMs: card.beganMs });
});
process.on('disconnect', () => process.exit());
