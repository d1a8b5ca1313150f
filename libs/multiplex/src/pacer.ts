import type { Clock } from './config.js';

/** What was written up to an instant, and how much had been acknowledged by then. */
interface Flight {
  upTo: number;
  readonly atMs: number;
  readonly delivered: number;
  readonly deliveredAtMs: number;
  /** There was no more to send: what it shows is our appetite, not the path. */
  readonly limited: boolean;
}

/** The bytes of one lane as its acknowledgements count them. */
export interface PacedLane {
  readonly bytesSent: number;
  /** Written since the last LANE_ACK in frames that the peer does not acknowledge by themselves. */
  quietBytes: number;
  ackedBytes: number;
  flights: Flight[];
}

const KIB = 1024;
const MIB = 1024 * KIB;
const INITIAL_WINDOW_BYTES = 32 * KIB;
const MAX_WINDOW_BYTES = 64 * MIB;
/** Two frames on a line so slow that even these take their time. */
const MIN_WINDOW_BYTES = 4 * KIB;
/** What may queue in front of the narrowest link, as time. */
const QUEUE_MS = 20;
/** On a fast path turns of busy event loops are what takes time; less than they need would starve it. */
const FAST_QUEUE_MS = 45;
/** Bytes per ms. */
const FAST_RATE = 25_000;
const MAX_QUEUE_BYTES = 16 * MIB;
/** A frame is at most this long on the way, so that control waits for no longer. */
const FRAME_MS = 10;
const MIN_FRAME_BYTES = 2 * KIB;
const UNKNOWN_FRAME_BYTES = 8 * KIB;
const RATE_MEMORY_MS = 500;
const RTT_MEMORY_MS = 10_000;
/** Far more than an honest peer leaves unacknowledged; one that says nothing costs no more. */
const MAX_FLIGHTS = 4_096;
/** Startup ends when what was written comes this much later than the path alone takes: a queue has grown. */
const STARTUP_QUEUE_MS = 2 * QUEUE_MS;
/** … or after this many rounds without a quarter more. */
const STALE_ROUNDS = 3;
const GROWTH = 1.25;

/**
 * How much may be under way (SPEC.md section 6.2): written − acknowledged ≤ rate × minimum RTT + what the path delivers in
 * 20 ms, or in 45 ms when it is fast. Rate is the greatest delivery rate of the last second or so, after Cardwell et al., BBR (2016): neither `drain`
 * nor `writableLength` shows what waits in the kernel.
 */
export class Pacer {
  /** Bytes per ms; 0 while unknown. */
  private best = 0;
  private bestBefore = 0;
  private bestSinceMs: number;
  private minRttMs = Number.POSITIVE_INFINITY;
  private recentRttMs = Number.POSITIVE_INFINITY;
  private rttSinceMs: number;
  private delivered = 0;
  private deliveredAtMs: number;
  private inflight = 0;
  private startup = true;
  private startupWindow = INITIAL_WINDOW_BYTES;
  private roundEnd = 0;
  private plateau = 0;
  private staleRounds = 0;

  /** @param active false when the peer does not acknowledge lanes: nothing is held back then. */
  constructor(
    private readonly clock: Clock,
    public active = false,
  ) {
    const now = clock.steadyMs();
    this.bestSinceMs = now;
    this.rttSinceMs = now;
    this.deliveredAtMs = now;
  }

  /** Bytes per second; 0 while unknown. */
  get rateBytes(): number {
    return Math.max(this.best, this.bestBefore) * 1_000;
  }

  /** Bytes that may still be written now. */
  get room(): number {
    return this.active ? this.windowBytes - this.inflight : Number.POSITIVE_INFINITY;
  }

  get windowBytes(): number {
    if (this.startup || !Number.isFinite(this.minRttMs)) return this.startupWindow;
    const rate = Math.max(this.best, this.bestBefore);
    const queue = Math.min(MAX_QUEUE_BYTES, rate * (rate < FAST_RATE ? QUEUE_MS : FAST_QUEUE_MS));
    return Math.max(MIN_WINDOW_BYTES, rate * this.minRttMs + queue);
  }

  get frameBytes(): number {
    if (!this.active) return Number.POSITIVE_INFINITY;
    const rate = Math.max(this.best, this.bestBefore);
    return rate === 0 ? UNKNOWN_FRAME_BYTES : Math.max(MIN_FRAME_BYTES, Math.floor(rate * FRAME_MS));
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
    if (this.inflight <= 0) this.deliveredAtMs = atMs;
    this.inflight += lane.bytesSent - fromBytes;
    if (quiet) return;
    const { delivered, deliveredAtMs } = this;
    const last = lane.flights.at(-1);
    if (last !== undefined && lane.flights.length >= MAX_FLIGHTS) last.upTo = lane.bytesSent;
    else lane.flights.push({ upTo: lane.bytesSent, atMs, delivered, deliveredAtMs, limited });
  }

  acked(lane: PacedLane, bytes: number): void {
    const fresh = bytes - lane.ackedBytes;
    if (fresh <= 0) return;
    const now = this.clock.steadyMs();
    lane.ackedBytes = bytes;
    lane.quietBytes = 0;
    this.inflight -= fresh;
    this.delivered += fresh;
    this.deliveredAtMs = now;
    if (this.startup) this.startupWindow = Math.min(MAX_WINDOW_BYTES, this.startupWindow + fresh);
    const count = lane.flights.findIndex(({ upTo }) => upTo > bytes);
    const flown = lane.flights.splice(0, count === -1 ? lane.flights.length : count).at(-1);
    if (flown !== undefined) this.learn(flown, now);
  }

  /** What was under way on it is nobody's any more; another lane may take another path. */
  laneLost(lane: PacedLane): void {
    if (!this.active) return;
    this.inflight -= lane.bytesSent - lane.ackedBytes;
    lane.flights = [];
    this.startup = true;
    this.startupWindow = INITIAL_WINDOW_BYTES;
    this.staleRounds = 0;
    this.plateau = 0;
  }

  /** A round trip of a PING, or of what was written. */
  noteRtt(rttMs: number): void {
    const now = this.clock.steadyMs();
    this.recentRttMs = Math.min(this.recentRttMs, rttMs);
    this.minRttMs = Math.min(this.minRttMs, rttMs);
    if (now - this.rttSinceMs < RTT_MEMORY_MS) return;
    // Our own queue is in every recent sample; what is above it is a longer path.
    this.minRttMs = Math.max(this.minRttMs, this.recentRttMs - QUEUE_MS);
    this.recentRttMs = rttMs;
    this.rttSinceMs = now;
  }

  private learn(flight: Flight, now: number): void {
    this.noteRtt(Math.max(0.01, now - flight.atMs));
    const rate = (this.delivered - flight.delivered) / Math.max(0.1, now - flight.deliveredAtMs);
    const known = Math.max(this.best, this.bestBefore);
    if (flight.limited && rate <= known && !this.startup) return;
    if (now - this.bestSinceMs > Math.max(RATE_MEMORY_MS, 5 * this.minRttMs)) {
      this.bestBefore = this.best;
      this.best = 0;
      this.bestSinceMs = now;
    }
    this.best = Math.max(this.best, rate);
    const queuedMs = now - flight.atMs - this.minRttMs;
    if (queuedMs > STARTUP_QUEUE_MS) this.startup = false;
    // Credit may end what there is to send while a queue is growing already.
    if (this.startup && flight.delivered >= this.roundEnd) this.endRound(flight.limited && queuedMs <= QUEUE_MS);
  }

  private endRound(limited: boolean): void {
    this.roundEnd = this.delivered;
    const rate = Math.max(this.best, this.bestBefore);
    if (rate >= this.plateau * GROWTH) {
      this.plateau = rate;
      this.staleRounds = 0;
      return;
    }
    if (!limited) this.staleRounds += 1;
    if (this.staleRounds >= STALE_ROUNDS) this.startup = false;
  }
}
