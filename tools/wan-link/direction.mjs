import { aheadBytes, completed, stepBytes } from './settings.mjs';

/**
 * @typedef {import('./flow.mjs').Flow} Flow
 * @typedef {import('./flow.mjs').Item & { flow: Flow, departAt: number, deliverAt: number }} Segment
 */

/** Delivered segments that are kept at most: they hold their bytes. */
const COMPACT_AT = 128;

/**
 * One direction of a site's line: a queue of bounded size, a rate and a delay, shared by all connections. Flows enter
 * the queue in turns of about a millisecond; in it, first come is first served.
 */
export class Direction {
  /**
   * @param {Partial<import('./settings.mjs').DirectionSettings>} settings
   * @param {() => number} random
   */
  constructor(settings, random) {
    this.settings = completed(settings);
    this.random = random;
    /** @type {Segment[]} in the queue or on the line, in order */
    this.segments = [];
    /** Those before have been delivered. */
    this.firstOnLine = 0;
    /** Those before have left the queue. */
    this.firstQueued = 0;
    this.queuedBytes = 0;
    this.maxQueuedBytes = 0;
    this.deliveredBytes = 0;
    this.busyUntil = 0;
    this.lastDeliverAt = 0;
    /** @type {Flow[]} that want into the queue, in turn */
    this.waiting = [];
    /** @type {number | undefined} */
    this.stalledAt = undefined;
    this.stalledMs = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
    this.isPumping = false;
    this.isAsked = false;
  }

  /** Ms; stands still while the line is stalled. */
  now() {
    return (this.stalledAt ?? performance.now()) - this.stalledMs;
  }

  stall() {
    this.stalledAt ??= performance.now();
    clearTimeout(this.timer);
  }

  resume() {
    if (this.stalledAt === undefined) return;
    this.stalledMs += performance.now() - this.stalledAt;
    this.stalledAt = undefined;
    this.pump();
  }

  /** @param {Partial<import('./settings.mjs').DirectionSettings>} settings from now on, for what is not yet queued */
  change(settings) {
    this.settings = completed(settings, this.settings);
    this.pump();
  }

  stop() {
    this.stall();
    this.segments = [];
    this.waiting = [];
    this.firstOnLine = 0;
    this.firstQueued = 0;
  }

  /** @param {Flow} flow */
  offered(flow) {
    if (!flow.isWaiting) this.waiting.push(flow);
    flow.isWaiting = true;
    this.pump();
    this.regulate(flow);
  }

  /** @param {Flow} flow */
  regulate(flow) {
    flow.regulate(aheadBytes(this.settings), this.settings.windowBytes);
  }

  /** Moves everything on to the present. */
  pump() {
    if (this.stalledAt !== undefined) return;
    this.isAsked = true;
    if (this.isPumping) return;
    this.isPumping = true;
    while (this.isAsked) {
      this.isAsked = false;
      const now = this.now();
      this.depart(now);
      this.admit(now);
      this.deliver(now);
    }
    this.isPumping = false;
    this.compact();
    this.schedule();
  }

  /** @param {number} now */
  depart(now) {
    for (; this.firstQueued < this.segments.length; this.firstQueued++) {
      const segment = this.segments[this.firstQueued];
      if (segment.departAt > now) return;
      this.queuedBytes -= segment.bytes.length;
    }
  }

  /** @param {number} now */
  admit(now) {
    const most = stepBytes(this.settings);
    while (this.queuedBytes < this.settings.bufferBytes) {
      const flow = this.waiting.shift();
      if (flow === undefined) return;
      if (!flow.isFrozen) this.enqueue(flow, flow.take(most));
      flow.isWaiting = !flow.isFrozen && flow.held.length > 0;
      if (flow.isWaiting) this.waiting.push(flow);
      this.depart(now);
      this.regulate(flow);
    }
  }

  /**
   * @param {Flow} flow
   * @param {import('./flow.mjs').Item} item
   */
  enqueue(flow, item) {
    const { rateBitsPerS, delayMs, jitterMs } = this.settings;
    // By when the bytes came, not by when a timer came to look: a late timer must not slow the line.
    const startAt = Math.max(item.arrivedAt, this.busyUntil);
    const departAt = rateBitsPerS === 0 ? startAt : startAt + (item.bytes.length * 8_000) / rateBitsPerS;
    const jitter = jitterMs === 0 ? 0 : this.random() * jitterMs;
    const deliverAt = Math.max(this.lastDeliverAt, departAt + delayMs + jitter);
    this.busyUntil = departAt;
    this.lastDeliverAt = deliverAt;
    this.segments.push({ ...item, flow, departAt, deliverAt });
    this.queuedBytes += item.bytes.length;
    this.maxQueuedBytes = Math.max(this.maxQueuedBytes, this.queuedBytes);
  }

  /** @param {number} now */
  deliver(now) {
    for (; this.firstOnLine < this.firstQueued; this.firstOnLine++) {
      const { flow, kind, bytes, deliverAt } = this.segments[this.firstOnLine];
      if (deliverAt > now) return;
      if (flow.isFrozen) continue;
      this.deliveredBytes += bytes.length;
      flow.ends.deliver(kind, bytes, () => {
        flow.outstanding -= bytes.length;
        this.regulate(flow);
      });
    }
  }

  compact() {
    if (this.firstOnLine < COMPACT_AT && this.firstOnLine < this.segments.length) return;
    this.segments.splice(0, this.firstOnLine);
    this.firstQueued -= this.firstOnLine;
    this.firstOnLine = 0;
  }

  schedule() {
    clearTimeout(this.timer);
    const times = [];
    if (this.firstOnLine < this.segments.length) times.push(this.segments[this.firstOnLine].deliverAt);
    if (this.waiting.length > 0 && this.firstQueued < this.segments.length) {
      times.push(this.segments[this.firstQueued].departAt);
    }
    if (times.length === 0 || this.stalledAt !== undefined) return;
    this.timer = setTimeout(() => this.pump(), Math.max(1, Math.ceil(Math.min(...times) - this.now())));
  }
}
