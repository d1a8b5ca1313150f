/** Bytes that were queued within this time count as queued at its begin. */
const STEP_MS = 50;
const MAX_MARKS = 8;

/**
 * Since when the oldest byte of a queue waits, to within a step, in memory that does not grow: marks of how far the queue
 * reached at which time. A queue that lasts longer than the marks doubles its step.
 */
export class QueueAge {
  private readonly offsets: number[] = [];
  private readonly times: number[] = [];
  private stepMs = STEP_MS;

  /** @param endBytes offset behind the last byte that is queued. @param sentBytes offset of the first */
  note(endBytes: number, sentBytes: number, nowMs: number): void {
    const last = this.offsets.length - 1;
    if (last >= 0 && endBytes <= (this.offsets[last] ?? 0)) return;
    if (last >= 0 && nowMs - (this.times[last] ?? 0) < this.stepMs) {
      this.offsets[last] = endBytes;
      return;
    }
    if (this.offsets.length === MAX_MARKS) this.makeRoom(sentBytes);
    this.offsets.push(endBytes);
    this.times.push(nowMs);
  }

  /** @returns ms; only of a queue that is not empty */
  read(sentBytes: number, nowMs: number): number {
    const oldest = this.offsets.findIndex((offset) => offset > sentBytes);
    return Math.max(0, nowMs - (this.times[oldest] ?? nowMs));
  }

  private makeRoom(sentBytes: number): void {
    const left = this.offsets.findIndex((offset) => offset > sentBytes);
    const gone = left === -1 ? this.offsets.length : left;
    this.offsets.splice(0, gone);
    this.times.splice(0, gone);
    if (this.offsets.length === 0) this.stepMs = STEP_MS;
    if (this.offsets.length < MAX_MARKS) return;
    this.stepMs *= 2;
    // Two marks become one, of the later reach and the earlier time: an age is rather too great than too small.
    for (let index = 0; index < MAX_MARKS / 2; index += 1) {
      this.offsets.splice(index, 1);
      this.times.splice(index + 1, 1);
    }
  }
}
