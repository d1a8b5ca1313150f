import type { MediaError } from '../errors.js';
import { newStats, type Playing, type ViewerStats } from '../rtsp/viewer.js';
import type { MulticastGroup } from './multicast.js';

/** One viewer of a group: its figures are those of the group since it came. */
export class GroupMember implements Playing {
  readonly stats: ViewerStats;
  #stop: (() => void) | undefined;

  constructor(
    readonly group: MulticastGroup,
    readonly onEnd: (error: MediaError) => void,
  ) {
    this.stats = since(group.viewer.stats);
  }

  start(): void {
    this.group.ended.add(this.onEnd);
    this.#stop = () => void this.group.ended.delete(this.onEnd);
    this.group.viewer.renewReports();
    if (!this.group.viewer.isPlaying) this.group.viewer.start();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    if (this.group.ended.size === 0) this.group.viewer.stop();
  }

  /** Reports come to the group, not to one of its viewers. */
  reported(): void {}

  /** The others of the group go on watching its sources. */
  bye(): void {}

  /** What the network does not take is lost, nobody can hold it up. */
  sweep(): void {}
}

function since(group: ViewerStats): ViewerStats {
  const { bytes, units, droppedUnits, dropEpisodes } = group;
  return {
    ...newStats(),
    get bytes() {
      return group.bytes - bytes;
    },
    get units() {
      return group.units - units;
    },
    get droppedUnits() {
      return group.droppedUnits - droppedUnits;
    },
    get dropEpisodes() {
      return group.dropEpisodes - dropEpisodes;
    },
    get backlogBytes() {
      return group.backlogBytes;
    },
  };
}
