/** What one viewer takes. */
export interface Load {
  bitsPerS: number;
  /** Viewers with the same one are sent the same packets once. */
  shared: object | undefined;
}

/** What viewers take together. */
export class Demand {
  viewers = 0;
  bitsPerS = 0;
  private readonly groups = new Map<object, { members: number; bitsPerS: number }>();

  constructor(loads: Iterable<Load> = []) {
    for (const load of loads) this.add(load);
  }

  add({ bitsPerS, shared }: Load): void {
    this.viewers += 1;
    const group = shared && this.groups.get(shared);
    if (group) group.members += 1;
    else this.bitsPerS += bitsPerS;
    if (shared && !group) this.groups.set(shared, { members: 1, bitsPerS });
  }

  /** One that was added. */
  remove({ bitsPerS, shared }: Load): void {
    this.viewers -= 1;
    const group = shared && this.groups.get(shared);
    if (!group) this.bitsPerS -= bitsPerS;
    else if ((group.members -= 1) === 0) {
      this.bitsPerS -= group.bitsPerS;
      this.groups.delete(shared);
    }
  }
}
