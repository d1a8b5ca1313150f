import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitAnnexB } from '@app/media';
import { runPeer } from './media-peer.js';

/** Hashes of the pictures among NAL units of H.264: parameter sets and delimiters may be repeated or moved on the way. */
export const slicesOf = (units: readonly Buffer[]): string[] =>
  units
    .filter((unit) => [1, 5].includes((unit[0] ?? 0) & 0x1f))
    .map((unit) => createHash('sha256').update(unit).digest('hex'));

/** The pictures of what ffmpeg reads, copied and not decoded. @param args before the output. @throws when there is none */
export const slicesByFfmpeg = async (...args: string[]): Promise<string[]> => {
  const quiet = ['-nostdin', '-hide_banner', '-loglevel', 'error'];
  const output = ['-map', '0:v:0', '-c', 'copy', '-f', 'h264', '-'];
  const { stdout, stderr } = await runPeer('ffmpeg', [...quiet, ...args, ...output]);
  const slices = slicesOf(splitAnnexB(stdout));
  if (slices.length === 0) throw new Error(`ffmpeg got no picture: ${stderr}`);
  return slices;
};

/** The pictures of a fragmented MP4 file that is given in pieces. */
export const slicesOfMp4 = async (pieces: readonly Buffer[]): Promise<string[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-mp4-'));
  const file = join(dir, 'made.mp4');
  try {
    writeFileSync(file, Buffer.concat(pieces));
    return await slicesByFfmpeg('-i', file);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** Whether `part` is a run of consecutive pictures of `whole`, none missing between them. */
export const isRunOfSlices = (part: readonly string[], whole: readonly string[]): boolean => {
  const [first = ''] = part;
  for (let start = whole.indexOf(first); start !== -1; start = whole.indexOf(first, start + 1)) {
    if (part.every((hash, index) => whole[start + index] === hash)) return true;
  }
  return false;
};
