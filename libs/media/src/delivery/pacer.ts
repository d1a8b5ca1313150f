/** Sends as long as the bucket has bytes, then at its rate: a group of pictures at once would overrun the receiver's buffer. */
export interface PacerOptions {
  bytesPerMs: number;
  /** What may go at once. */
  bucketBytes: number;
}

export interface Paced {
  bytes: number;
  send(): void;
}

const tickMs = 2;

/** Keeps the order of what it is given. */
export class Pacer {
  #queue: { at: number; item: Paced }[] = [];
  #head = 0;
  #queuedBytes = 0;
  #room: number;
  #filledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: PacerOptions) {
    this.#room = options.bucketBytes;
  }

  get bytes(): number {
    return this.#queuedBytes;
  }

  /** Milliseconds the oldest has waited; 0 when nothing waits. */
  ageMs(now: number): number {
    const oldest = this.#queue[this.#head];
    return oldest ? now - oldest.at : 0;
  }

  push(item: Paced, now: number): void {
    if (this.#head === this.#queue.length && this.#take(item.bytes, now)) return item.send();
    this.#queue.push({ at: now, item });
    this.#queuedBytes += item.bytes;
    this.#timer ??= setTimeout(() => this.#run(), tickMs);
  }

  /** Forgets what waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
  }

  #run(): void {
    this.#timer = undefined;
    const now = performance.now();
    let next = this.#queue[this.#head];
    while (next && this.#take(next.item.bytes, now)) {
      this.#head++;
      this.#queuedBytes -= next.item.bytes;
      next.item.send();
      next = this.#queue[this.#head];
    }
    if (!next) this.close();
    else {
      this.#compact();
      this.#timer = setTimeout(() => this.#run(), tickMs);
    }
  }

  /** A bucket that is not empty may be overdrawn, so that a packet larger than it passes as well. */
  #take(bytes: number, now: number): boolean {
    const { bytesPerMs, bucketBytes } = this.options;
    this.#room = Math.min(bucketBytes, this.#room + (now - this.#filledAt) * bytesPerMs);
    this.#filledAt = now;
    if (this.#room <= 0) return false;
    this.#room -= bytes;
    return true;
  }

  #compact(): void {
    if (this.#head < 1024) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
