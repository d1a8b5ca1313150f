import type { AccessUnit } from '../access-unit.js';

export interface GopCacheLimits {
  maxCacheBytes: number;
  maxCacheMs: number;
}

/** Units of all tracks since the last keyframe of the picture; empty when that is too much or too long ago. */
export class GopCache {
  #units: AccessUnit[] = [];
  #bytes = 0;

  constructor(readonly limits: GopCacheLimits) {}

  get units(): readonly AccessUnit[] {
    return this.#units;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `starts` tells that a viewer can begin with this unit. */
  add(unit: AccessUnit, starts: boolean): void {
    if (starts) this.clear();
    else if (this.#units.length === 0) return;
    this.#units.push(unit);
    this.#bytes += unit.bytes;
    const ageMs = (unit.captureUs - this.#units[0].captureUs) / 1000;
    if (this.#bytes > this.limits.maxCacheBytes || ageMs > this.limits.maxCacheMs) this.clear();
  }

  clear(): void {
    this.#units = [];
    this.#bytes = 0;
  }
}
