import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomFillSync } from 'node:crypto';

/** Pictures of the card: a decoder tells them apart for 20 s. */
export const CARD_FRAMES = 500;
export const CARD_FPS = 25;
export const CARD_BITS_PER_S = 4e6;
const [WIDTH, HEIGHT] = [640, 360];
const BLOCK = 40;
/** Blocks on top of the picture, from left to right: bits of its number from the lowest on. */
const BITS = WIDTH / BLOCK;
const [WHITE, BLACK, MIDDLE] = [235, 16, 128];

/** Filters of ffmpeg that leave a byte for each block. */
export const STRIP_FILTER = `crop=${WIDTH}:${BLOCK}:0:0,scale=${BITS}:1:flags=area,format=gray`;
export const STRIP_BYTES = BITS;

/**
 * The number of a decoded picture.
 * @param {Buffer} strip
 */
export function numberOf(strip) {
  return strip.reduce((sum, byte, bit) => sum + (byte > MIDDLE ? 1 << bit : 0), 0);
}

/**
 * Writes the card as H.264: noise that takes four Mbit/s, a keyframe a second, each picture with its number in it.
 * @param {string} file
 */
export async function writeTestCard(file) {
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(CARD_FPS)];
  const rate = String(CARD_BITS_PER_S);
  const gop = ['-g', String(CARD_FPS), '-keyint_min', String(CARD_FPS), '-sc_threshold', '0'];
  const bits = ['-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', String(CARD_BITS_PER_S / 8)];
  const coder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'];
  const args = ['-v', 'error', ...picture, '-i', '-', ...coder, ...gop, ...bits, '-f', 'h264', '-y', file];
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(ffmpeg, 'exit');
  const noise = randomFillSync(Buffer.alloc(2 * WIDTH * HEIGHT)).map((byte) => MIDDLE - 32 + (byte >> 2));
  for (let number = 0; number < CARD_FRAMES; number++) {
    if (!ffmpeg.stdin.write(draw(Buffer.from(noise), number))) await once(ffmpeg.stdin, 'drain');
  }
  ffmpeg.stdin.end();
  const [status] = await ended;
  if (status !== 0) throw new Error(`ffmpeg made no test card: status ${status}`);
}

/**
 * @param {Buffer} noise twice a picture's
 * @param {number} number
 */
function draw(noise, number) {
  const from = (number * 7_919) % (WIDTH * HEIGHT);
  const picture = noise.subarray(from, from + WIDTH * HEIGHT);
  for (let bit = 0; bit < BITS; bit++) {
    const shade = (number >> bit) & 1 ? WHITE : BLACK;
    for (let line = 0; line < BLOCK; line++)
      picture.fill(shade, line * WIDTH + bit * BLOCK, line * WIDTH + (bit + 1) * BLOCK);
  }
  return picture;
}
