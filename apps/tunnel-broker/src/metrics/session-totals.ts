import {
  CHANNEL_CLASS,
  type ChannelClass,
  type ClassStats,
  type ClassTotals,
  noClassTotals,
  type SessionStats,
} from '@app/multiplex';

export const CLASSES = Object.keys(CHANNEL_CLASS) as ChannelClass[];

/** Figures of many sessions added up; of queue ages the greatest. */
export class SessionTotals {
  lanes = 0;
  lanesLost = 0;
  resumes = 0;
  readonly classes = Object.fromEntries(CLASSES.map((name) => [name, noClassTotals()])) as Record<
    ChannelClass,
    ClassTotals
  >;

  add({ lanes, lanesLost, resumes, classes }: Pick<SessionStats, 'lanes' | 'lanesLost' | 'resumes' | 'classes'>): void {
    this.lanes += lanes;
    this.lanesLost += lanesLost;
    this.resumes += resumes;
    for (const name of CLASSES) addClass(this.classes[name], classes[name]);
  }
}

const addClass = (total: ClassTotals, { resets, queueAgeMs, ...counted }: ClassStats): void => {
  for (const name of Object.keys(counted) as (keyof typeof counted)[]) total[name] += counted[name];
  total.queueAgeMs = Math.max(total.queueAgeMs, queueAgeMs);
  for (const [code, count] of Object.entries(resets)) total.resets[code] = (total.resets[code] ?? 0) + count;
};
