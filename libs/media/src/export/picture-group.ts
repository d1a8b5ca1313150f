import type { Sample } from '../fmp4/fragment.js';
import type { Picture, Placed } from './picture-clock.js';

export interface GroupedPicture extends Picture, Placed {}

export interface GroupRun {
  /** Of the first sample, ticks; without the delay. */
  decodeTime: number;
  samples: Sample[];
}

/** Presentation times of a group in their order. */
export const sortedTimes = (pictures: readonly GroupedPicture[]): number[] =>
  pictures.map(({ presentation }) => presentation).toSorted((a, b) => a - b);

/** How much earlier than its presentation the first picture of a group has to be decoded, ticks; 0 without B-frames. */
export const delayOf = (pictures: readonly GroupedPicture[]): number => {
  const sorted = sortedTimes(pictures);
  return Math.max(0, ...pictures.map(({ presentation }, index) => sorted[index] - presentation));
};

/**
 * The samples of a group in the order of decoding. The n-th picture that is decoded takes the n-th presentation time as its
 * decoding time, so that both lists have the same steps.
 * @param next decoding time of the group after it; `usual` for the last one of a section
 */
export const runOf = (
  pictures: readonly GroupedPicture[],
  delay: number,
  usual: number,
  next: number | undefined,
): GroupRun => {
  const decode = sortedTimes(pictures);
  const samples = pictures.map(({ data, key, presentation }, index) => {
    const end = decode[index + 1] ?? next ?? decode[index] + usual;
    return { data, key, duration: Math.max(1, end - decode[index]), offset: presentation - decode[index] + delay };
  });
  return { decodeTime: decode[0] ?? 0, samples };
};
