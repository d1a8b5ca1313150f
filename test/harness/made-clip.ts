import { parseClip, type Clip } from '@app/media';
import { runPeer } from './media-peer.js';

export interface ClipWish {
  width: number;
  height: number;
  bitsPerSecond: number;
  /** 25 a second; also the frames between keyframes unless `gap` says otherwise. */
  seconds?: number;
  gap?: number;
}

/** A clip of noise and moving bars that has the wished bit rate within each second; ffmpeg makes it. */
export const makeClip = async ({ width, height, bitsPerSecond, seconds = 4, gap = 25 }: ClipWish): Promise<Clip> => {
  const rate = String(bitsPerSecond);
  const picture = `testsrc2=size=${width}x${height}:rate=25,noise=alls=30:allf=t`;
  const coded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', String(gap)];
  const sized = ['-sc_threshold', '0', '-b:v', rate, '-maxrate', rate, '-bufsize', String(bitsPerSecond / 2)];
  const input = ['-v', 'error', '-f', 'lavfi', '-i', picture, '-t', String(seconds)];
  const { code, stdout, stderr } = await runPeer('ffmpeg', [...input, ...coded, ...sized, '-f', 'h264', 'pipe:1']);
  if (code !== 0) throw new Error(`ffmpeg made no clip: ${stderr}`);
  return parseClip(stdout);
};
