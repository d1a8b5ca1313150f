import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseClip } from '@app/media';
import { readH264Picture } from './h264-picture.js';
import { readH265Picture } from './h265-picture.js';
import { pictureOf } from './picture.js';

const clip = (name: string): Buffer => parseClip(readFileSync(join(__dirname, '../../../demo-camera/clips', name))).sps;

const track = (codec: string, parameterSets: Buffer[], lines: string[] = []) => ({
  index: 0,
  kind: 'video' as const,
  codec,
  payloadType: 96,
  clockRate: 90_000,
  control: '',
  parameterSets,
  lines,
});

describe('pictureOf', () => {
  it('reads size and rate of H.264 from its parameter set', () => {
    expect(readH264Picture(clip('high.h264'))).toEqual({ width: 1280, height: 720, frameRate: 25 });
    expect(readH264Picture(clip('low.h264'))).toMatchObject({ width: 640, height: 360 });
  });

  it('reads the cropped size of 1080 lines', () => {
    const sps = Buffer.from('Z2QAKKzZQHgCJ+XARAAAAwAEAAADAPA8YMZY', 'base64');
    expect(readH264Picture(sps)).toMatchObject({ width: 1920, height: 1080 });
  });

  it('reads the size of H.265', () => {
    const sps = Buffer.from('QgEBAWAAAAMAkAAAAwAAAwB4oAPAgBDllmakkyuWgCAAAAMAIAAAAwMB', 'base64');
    expect(readH265Picture(sps)).toMatchObject({ width: 1920, height: 1080 });
  });

  it('prefers the announced rate and falls back to the announced size', () => {
    expect(pictureOf(track('H264', [clip('high.h264')], ['a=framerate:12.5']))).toMatchObject({ frameRate: 12.5 });
    expect(pictureOf(track('JPEG', [], ['a=x-dimensions:800,600']))).toEqual({
      width: 800,
      height: 600,
      frameRate: null,
    });
  });

  it('survives any broken parameter set', () => {
    const sps = clip('high.h264');
    for (let length = 0; length < sps.length; length++) readH264Picture(sps.subarray(0, length));
    expect(readH264Picture(Buffer.alloc(64, 0x67))).toBeUndefined();
    expect(readH264Picture(Buffer.concat([Buffer.from([0x67]), Buffer.alloc(64)]))).toBeUndefined();
    expect(pictureOf(track('H264', [Buffer.from([0x67])]))).toEqual({ width: null, height: null, frameRate: null });
  });
});
