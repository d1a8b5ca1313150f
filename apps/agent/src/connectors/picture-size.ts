/** What the picture of a stream looks like; null for what the source does not tell. */
export interface Picture {
  width: number | null;
  height: number | null;
  /** Frames per second. */
  frameRate: number | null;
}

/** Beyond level 6.2 of H.264 and H.265: such a number is damage. */
const MAX_SIDE = 16_888;

export const isPictureSize = (width: number, height: number): boolean =>
  width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE;
