/**
 * A camera as a process: H.264 of two Mbit/s, 25 pictures and one keyframe a second. Behind the NAL header of each picture
 * stands when it was sent, in nanoseconds of the machine's monotonic clock, which all processes share.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { built, builtLibFile } from '../built.mjs';

const FRAME_MS = 40;
const GOP_FRAMES = 25;
const KEY_BYTES = 50_000;
const OTHER_BYTES = 8_333;
const CLOCK_RATE = 90_000;
const CLIP = join(import.meta.dirname, '..', '..', '..', 'apps', 'demo-camera', 'clips', 'low.h264');

const { ClipSource, Hub, RtspServer, parseClip } = await built('media');
const { packetizeH264 } = await builtLibFile('media', 'rtp/packetizer.js');
const began = performance.now();
const clip = parseClip(readFileSync(CLIP));

/** @param {number} frame */
function picture(frame) {
  const key = frame % GOP_FRAMES === 0;
  const unit = Buffer.alloc(key ? KEY_BYTES : OTHER_BYTES, 0x55);
  unit[0] = key ? 0x65 : 0x41;
  unit.writeBigUInt64BE(process.hrtime.bigint(), 1);
  return { key, unit };
}

const source = {
  /** @param {{ unit: (unit: object) => void }} listener */
  async open(listener) {
    const { description } = await new ClipSource(clip, { name: 'bench', framesPerSecond: 25 }).open({
      unit: () => undefined,
      report: () => undefined,
      ended: () => undefined,
    });
    // The camera's pictures go on whether they are fetched or not: a client begins anywhere between two keyframes.
    let [frame, sequence] = [Math.ceil((performance.now() - began) / FRAME_MS), 0];
    const tick = () => {
      for (; began + frame * FRAME_MS <= performance.now(); frame++) {
        const { key, unit } = picture(frame);
        const timestamp = (frame * FRAME_MS * CLOCK_RATE) / 1_000;
        const packets = packetizeH264([unit], { payloadType: 96, ssrc: 7, sequence, timestamp });
        sequence = (sequence + packets.length) & 0xffff;
        const bytes = packets.reduce((/** @type {number} */ sum, /** @type {Buffer} */ one) => sum + one.length, 0);
        const captureUs = Math.round((performance.timeOrigin + performance.now()) * 1_000);
        listener.unit({ track: 0, key, discontinuity: false, timestamp, captureUs, packets, bytes });
      }
      timer = setTimeout(tick, Math.max(1, began + frame * FRAME_MS - performance.now()));
    };
    let timer = setTimeout(tick, 1);
    return { description, requestKeyframe: () => undefined, close: async () => clearTimeout(timer) };
  },
};

// A camera keeps no pictures for those who come later.
const hub = new Hub(source, { maxCacheBytes: 0 });
const server = new RtspServer(async () => ({ hub }));
const { port } = await server.listen(0, '127.0.0.1');
process.send?.({ type: 'ready', port });
process.on('message', ({ id }) => process.send?.({ id, outlets: hub.stats.outlets, opened: hub.stats.opened }));
process.on('disconnect', () => process.exit());
