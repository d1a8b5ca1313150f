import type { Clock } from './config.js';
import { DeliveryRate } from './delivery-rate.js';
import { HEADER_BYTES } from './frame.js';
import { LeastRtt } from './least-rtt.js';

/** What was written up to an instant, and how much had been acknowledged by then. */
interface Flight {
  upTo: number;
  quietBytes: number;
  readonly atMs: number;
  readonly delivered: number;
  readonly deliveredAtMs: number;
  /** When the youngest of what had been acknowledged by then was sent. */
  readonly sentBeforeMs: number;
  /** There was no more to send: what it shows is our appetite, not the path. */
  readonly limited: boolean;
}

/** The bytes of one lane as its acknowledgements count them. */
export interface PacedLane {
  readonly bytesSent: number;
  /** Written in frames that the peer does not acknowledge by themselves; and of these, about what it has acknowledged. */
  readonly quietSent: number;
  quietAcked: number;
  ackedBytes: number;
  flights: Flight[];
}

const KIB = 1024;
const MIB = 1024 * KIB;
const INITIAL_WINDOW_BYTES = 32 * KIB;
const MAX_WINDOW_BYTES = 64 * MIB;
/** Three frames on a line so slow that even these take their time. */
const MIN_WINDOW_BYTES = 3 * KIB;
/** What may queue in front of the narrowest link, as time. */
const QUEUE_MS = 20;
/** On a fast path turns of busy event loops are what takes time; less than they need would starve it. */
const FAST_QUEUE_MS = 45;
/** Bytes per ms. */
const FAST_RATE = 25_000;
const MAX_QUEUE_BYTES = 16 * MIB;
/** A frame is at most this long on the way, so that control waits for no longer. */
const FRAME_MS = 5;
const MIN_FRAME_BYTES = KIB;
/** Bytes that took so much longer than the path have queued. */
const QUEUED_MS = 10;
const UNKNOWN_FRAME_BYTES = 8 * KIB;
/** Control may be under way beyond the window, so that it does not wait for the next acknowledgement. */
const URGENT_BYTES = KIB;
/** A TLS record can be read when all of it has come, so that on a slow line it holds one frame. */
const MAX_RECORD_BYTES = 16 * KIB;
/** A record that would be only a little shorter is left as it is. */
const SHORTER = 0.9;
/** Bursts of acknowledgements need as much under way; this much more lets a rate that was seen too low grow. */
const GROWTH_MS = 5;
/** … and of long bursts so much of what exceeds the queue. */
const BURST_GAIN = 1.5;
const MAX_BURST_MS = 60;
/** Of what the path holds, while its own time is measured; what goes then is in small pieces. */
const EMPTY_SHARE = 0.25;
const EMPTY_FRAME_MS = 1;
const EMPTY_FRAME_BYTES = 256;
/** Far more than an honest peer leaves unacknowledged; one that says nothing costs no more. */
const MAX_FLIGHTS = 4_096;
/** Startup ends when what was written comes this much later than the path alone takes: a queue has grown. */
const STARTUP_QUEUE_MS = 2 * QUEUE_MS;
/** … or after this many rounds without a quarter more. */
const STALE_ROUNDS = 3;
const GROWTH = 1.25;

/**
 * How much may be under way (SPEC.md section 6.2): written − acknowledged ≤ rate × minimum RTT + what the path delivers in
 * 20 ms, or in 45 ms when it is fast, or in the bursts of its acknowledgements. Rate is the greatest delivery rate of the
 * last second or so, after Cardwell et al., BBR (2016): neither `drain` nor `writableLength` shows what waits in the kernel.
 */
export class Pacer {
  private readonly rate: DeliveryRate;
  private readonly rtt: LeastRtt;
  /** Most in one TLS record; it never grows, as OpenSSL has it. */
  recordBytes = MAX_RECORD_BYTES;
  private delivered = 0;
  private deliveredAtMs: number;
  private sentBeforeMs: number;
  private inflight = 0;
  private startup = true;
  private startupWindow = INITIAL_WINDOW_BYTES;
  /** The path's own time is measured when so much has been acknowledged. */
  private measuredFrom = 0;
  /** After that the path is filled by what is acknowledged: all at once would queue. */
  private refillWindow = Number.POSITIVE_INFINITY;
  /** What startup sent, in bursts of its own, ends here. */
  private startedFrom = 0;
  private roundEnd = 0;
  private plateau = 0;
  private staleRounds = 0;
  private fullRate: number | undefined;

  /** @param active false when the peer does not acknowledge lanes: nothing is held back then. */
  constructor(
    private readonly clock: Clock,
    public active = false,
  ) {
    const now = clock.steadyMs();
    this.rate = new DeliveryRate(now);
    this.rtt = new LeastRtt(now);
    this.deliveredAtMs = now;
    this.sentBeforeMs = now;
  }

  /** Bytes per second; 0 while unknown. */
  get rateBytes(): number {
    return this.rate.value * 1_000;
  }

  /** What the path delivered when it was last full, bytes per second; undefined before that. */
  get capacityBytes(): number | undefined {
    return this.fullRate === undefined ? undefined : this.fullRate * 1_000;
  }

  /** Bytes that may still be written now. */
  get room(): number {
    return this.active ? this.windowBytes - this.inflight : Number.POSITIVE_INFINITY;
  }

  /** The same for control within its share, which no measurement holds up. */
  get urgentRoom(): number {
    return this.active ? this.fullWindowBytes + URGENT_BYTES - this.inflight : Number.POSITIVE_INFINITY;
  }

  get windowBytes(): number {
    if (this.startup || !this.rtt.measures) return Math.min(this.fullWindowBytes, this.refillWindow);
    return Math.max(EMPTY_FRAME_BYTES, this.rate.value * this.rtt.ms * EMPTY_SHARE);
  }

  get frameBytes(): number {
    if (!this.active) return Number.POSITIVE_INFINITY;
    const rate = this.rate.value;
    if (rate === 0) return UNKNOWN_FRAME_BYTES;
    if (this.rtt.measures) return Math.max(EMPTY_FRAME_BYTES, Math.floor(rate * EMPTY_FRAME_MS));
    return Math.max(MIN_FRAME_BYTES, Math.floor(rate * FRAME_MS));
  }

  /** The path is empty so that its time can be measured. @returns true once */
  takePing(): boolean {
    const { wantsPing } = this.rtt;
    this.rtt.wantsPing = false;
    return wantsPing;
  }

  /** A lane whose handshake was written before anything was paced. */
  add(lane: PacedLane): void {
    if (this.active) this.inflight += lane.bytesSent - lane.ackedBytes;
  }

  /**
   * @param limited nothing more waits
   * @param quiet only frames that nobody acknowledges before long: their time tells nothing of the path
   */
  sent(lane: PacedLane, fromBytes: number, limited: boolean, quiet = false): void {
    if (!this.active || lane.bytesSent === fromBytes) return;
    const atMs = this.clock.steadyMs();
    if (this.inflight <= 0) {
      this.deliveredAtMs = atMs;
      this.sentBeforeMs = atMs;
    }
    this.inflight += lane.bytesSent - fromBytes;
    if (quiet) return;
    const { delivered, deliveredAtMs, sentBeforeMs } = this;
    const last = lane.flights.at(-1);
    const upTo = lane.bytesSent;
    const quietBytes = lane.quietSent;
    if (last !== undefined && lane.flights.length >= MAX_FLIGHTS) Object.assign(last, { upTo, quietBytes });
    else
      lane.flights.push({
        upTo,
        quietBytes,
        atMs,
        delivered,
        deliveredAtMs,
        sentBeforeMs,
        limited: limited || this.rtt.measures,
      });
  }

  acked(lane: PacedLane, bytes: number): void {
    const fresh = bytes - lane.ackedBytes;
    if (fresh <= 0) return;
    const now = this.clock.steadyMs();
    lane.ackedBytes = bytes;
    this.inflight -= fresh;
    this.delivered += fresh;
    this.deliveredAtMs = now;
    this.refillWindow += fresh;
    if (this.refillWindow > this.fullWindowBytes) this.refillWindow = Number.POSITIVE_INFINITY;
    if (this.startup) this.startupWindow = Math.min(MAX_WINDOW_BYTES, this.startupWindow + fresh);
    if (!this.startup && this.delivered - fresh >= this.startedFrom) this.rate.acked(fresh, now, this.rtt.ms);
    const count = lane.flights.findIndex(({ upTo }) => upTo > bytes);
    const flown = lane.flights.splice(0, count === -1 ? lane.flights.length : count).at(-1);
    if (bytes === lane.bytesSent) lane.quietAcked = lane.quietSent;
    else if (flown !== undefined) lane.quietAcked = flown.quietBytes;
    if (flown !== undefined) this.learn(flown, now);
    if (this.rtt.measures && this.delivered >= this.measuredFrom) this.rtt.emptied(now);
  }

  /** What was under way on it is nobody's any more; another lane may take another path. */
  laneLost(lane: PacedLane): void {
    if (!this.active) return;
    this.inflight -= lane.bytesSent - lane.ackedBytes;
    lane.flights = [];
    this.rtt.forget();
    this.refillWindow = Number.POSITIVE_INFINITY;
    this.startup = true;
    this.startupWindow = INITIAL_WINDOW_BYTES;
    this.staleRounds = 0;
    this.plateau = 0;
  }

  /** A round trip of a PING, or of what was written. */
  noteRtt(rttMs: number): void {
    const { measures } = this.rtt;
    this.rtt.note(rttMs, this.clock.steadyMs());
    if (!measures) this.measuredFrom = this.delivered + this.inflight;
    else if (!this.rtt.measures) this.refillWindow = Math.max(MIN_WINDOW_BYTES, this.inflight);
  }

  private get fullWindowBytes(): number {
    if (this.startup || !Number.isFinite(this.rtt.ms)) return this.startupWindow;
    return Math.max(MIN_WINDOW_BYTES, this.rate.value * this.rtt.ms + this.queueBytes);
  }

  /** What may queue in front of the narrowest link, or must be under way because acknowledgements come in bursts. */
  private get queueBytes(): number {
    const rate = this.rate.value;
    const queue = rate * (rate < FAST_RATE ? QUEUE_MS : FAST_QUEUE_MS);
    const burst = Math.min(this.rate.burst, rate * MAX_BURST_MS);
    // Long turns of busy machines are not all of the same length.
    const bursts = burst + BURST_GAIN * Math.max(0, burst - queue) + rate * GROWTH_MS;
    return Math.min(MAX_QUEUE_BYTES, Math.max(queue, bursts));
  }

  private learn(flight: Flight, now: number): void {
    this.noteRtt(Math.max(0.01, now - flight.atMs));
    const queuedMs = now - flight.atMs - this.rtt.ms;
    // Bytes that were written in a burst arrive no faster than they were written.
    const tookMs = Math.max(0.1, now - flight.deliveredAtMs, flight.atMs - flight.sentBeforeMs);
    this.sentBeforeMs = flight.atMs;
    const rate = (this.delivered - flight.delivered) / tookMs;
    // What waits on the way for longer than the window lets it shows the path, whatever there was to send.
    const isAppetite = flight.limited && queuedMs <= STARTUP_QUEUE_MS;
    if (!isAppetite || rate > this.rate.value || this.startup) this.rate.sample(rate, now, this.rtt.ms);
    if (queuedMs > STARTUP_QUEUE_MS) this.endStartup();
    if (!this.startup && !isAppetite && queuedMs > QUEUED_MS) this.shortenRecords();
    if (!this.startup && !flight.limited && queuedMs > QUEUED_MS) this.fullRate = this.rate.value;
    // Credit may end what there is to send while a queue is growing already.
    if (this.startup && flight.delivered >= this.roundEnd) this.endRound(flight.limited && queuedMs <= QUEUE_MS);
  }

  private shortenRecords(): void {
    const bytes = HEADER_BYTES + Math.max(MIN_FRAME_BYTES, Math.floor(this.rate.value * FRAME_MS));
    if (bytes < this.recordBytes * SHORTER) this.recordBytes = bytes;
  }

  private endRound(limited: boolean): void {
    this.roundEnd = this.delivered;
    const rate = this.rate.value;
    if (rate >= this.plateau * GROWTH) {
      this.plateau = rate;
      this.staleRounds = 0;
      return;
    }
    if (!limited) this.staleRounds += 1;
    if (this.staleRounds >= STALE_ROUNDS) this.endStartup();
  }

  private endStartup(): void {
    if (this.startup) this.startedFrom = this.delivered + this.inflight;
    this.startup = false;
  }
}
