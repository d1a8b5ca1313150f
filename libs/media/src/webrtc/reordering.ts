import type { AccessUnit } from '../access-unit.js';
import type { Hub } from '../hub/hub.js';
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

/** Whether the cached pictures of a hub's track have B-frames. Without any it is not known yet, and false. */
export function isReordered(hub: Hub, track: number): boolean {
  const probe = new ReorderingProbe();
  const see = (unit: AccessUnit): void => void (unit.track === track && probe.see(unit));
  hub.subscribe({ unit: see, end: () => undefined }).close();
  return probe.isReordered;
}
