import { box, u16, u32, zeros } from './box.js';

export interface Picture {
  width: number;
  height: number;
  chromaFormat: number;
  lumaDepth: number;
  chromaDepth: number;
}

const maxSide = 16_384;

/** Whether what was read from a parameter set can be a picture at all. */
export function isPicture({ width, height, chromaFormat, lumaDepth, chromaDepth }: Picture): boolean {
  const isSide = (side: number): boolean => side > 0 && side <= maxSide;
  return isSide(width) && isSide(height) && chromaFormat <= 3 && lumaDepth <= 15 && chromaDepth <= 15;
}

/** A visual sample entry (ISO/IEC 14496-12 section 12.1.3) with its codec's own box. */
export function visualEntry(type: string, { width, height }: Picture, codec: Buffer): Buffer {
  const resolution = 0x0048_0000;
  return box(
    type,
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    u32(resolution, resolution, 0),
    u16(1),
    zeros(32),
    u16(0x18, 0xffff),
    codec,
  );
}
