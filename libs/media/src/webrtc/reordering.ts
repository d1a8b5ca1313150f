import type { AccessUnit } from '../access-unit.js';
import { distance } from '../rtp/packet.js';

/** Tells whether a video track is sent in another order than it is shown: it has B-frames, which WebRTC cannot carry. */
export class ReorderingProbe {
  #latest: number | undefined;
  isReordered = false;

  see(unit: AccessUnit): void {
    const step = this.#latest === undefined ? 1 : distance(this.#latest, unit.timestamp, 32);
    // A keyframe behind a break of the source may begin anywhere.
    if (step < 0 && !unit.key) this.isReordered = true;
    this.#latest = unit.timestamp;
  }
}
