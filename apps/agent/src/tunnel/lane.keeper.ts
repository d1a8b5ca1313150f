import { type AttachOptions, type Session, SessionRefusedError } from '@app/multiplex';
import { AgentError } from '../errors.js';
import { BackOff } from './back-off.js';
import { pause } from './pause.js';

export interface LaneKeeperOptions {
  session: Session;
  attach: (as: AttachOptions['as'], signal: AbortSignal) => Promise<void>;
  /** There are other brokers to go to when nobody listens at this one. */
  alternatives: boolean;
  /** An attempt to resume failed. */
  onFailed?: (error: unknown) => void;
  /** Lanes that the session may have. */
  maxLanes?: number;
  backOff?: BackOff;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One for control, and two that share the channels: more gain little and cost every broker a connection. */
const MAX_LANES = 3;
/** Channels below class control from which on a third lane pays. */
const BUSY_CHANNELS = 8;
const CHECK_MS = 1_000;
/** Checks without a channel after which a lane is closed. */
const IDLE_CHECKS = 60;
/** Checks that a failed further lane is left alone. */
const REST_CHECKS = 30;

/** Refusals that another attempt may find gone. */
const PASSING = new Set(['unavailable', 'draining', 'admission-failed']);

/** Keeps the connections of one session: comes back after all were lost, opens further ones on demand, closes idle ones. */
export class LaneKeeper {
  private readonly stopping = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** What is being done about the lanes; one thing at a time. */
  private underWay: Promise<void> | undefined;
  private swapping = false;
  private idleChecks = 0;
  private restChecks = 0;

  constructor(private readonly options: LaneKeeperOptions) {
    const { session } = options;
    session.on('suspended', () => void this.resume());
    session.once('close', () => this.stop());
    this.timer = setInterval(() => void this.tend(), CHECK_MS).unref();
  }

  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopping.abort();
  }

  /** Whether the loss of all lanes is one that `replace` has asked for. */
  get replacing(): boolean {
    return this.swapping;
  }

  /**
   * One new connection in the place of all that there are, made before they end: what is under way goes on. @throws as
   * `attach` does; the session itself goes on as it can
   */
  async replace(): Promise<void> {
    const { session, attach } = this.options;
    while (this.underWay !== undefined) await this.underWay;
    if (this.stopping.signal.aborted || session.suspended || !session.resumable) return;
    this.swapping = true;
    try {
      const swap = attach('resume', this.stopping.signal);
      await this.occupy(swap.catch(() => undefined));
      await swap;
    } finally {
      this.swapping = false;
      if (session.suspended) void this.resume();
    }
  }

  private async occupy(work: Promise<void>): Promise<void> {
    this.underWay = work;
    await work;
    this.underWay = undefined;
  }

  /** Until the session is up again or over: its own window bounds the wait. */
  private async resume(): Promise<void> {
    if (this.underWay === undefined) await this.occupy(this.comeBack());
  }

  private async comeBack(): Promise<void> {
    const { session, sleep = pause, backOff = new BackOff() } = this.options;
    const { signal } = this.stopping;
    while (session.suspended && !signal.aborted) {
      await sleep(backOff.nextMs(), signal);
      if (session.suspended && !signal.aborted) await this.attempt();
    }
  }

  private async attempt(): Promise<void> {
    const { session, attach, alternatives, onFailed } = this.options;
    try {
      await attach('resume', this.stopping.signal);
    } catch (error) {
      if (!this.stopping.signal.aborted) onFailed?.(error);
      if (error instanceof SessionRefusedError && !PASSING.has(error.code)) {
        const code = error.code === 'resume-refused' ? 'session-lost' : error.code;
        session.close(code, error.detail, error.retryAfterMs);
      } else if (alternatives && error instanceof AgentError && error.code === 'connection-refused') {
        session.close('session-lost', error.message);
      }
    }
  }

  private async tend(): Promise<void> {
    const { session, attach, maxLanes = MAX_LANES } = this.options;
    if (this.underWay !== undefined || session.suspended || !session.resumable || session.state !== 'open') return;
    const channels = session.dataChannelCount;
    this.idleChecks = channels === 0 ? this.idleChecks + 1 : 0;
    if (this.idleChecks >= IDLE_CHECKS) session.detachIdle();
    this.restChecks -= 1;
    if (session.laneCount >= Math.min(maxLanes, lanesFor(channels)) || this.restChecks > 0) return;
    const added = attach('lane', this.stopping.signal).catch(() => {
      this.restChecks = REST_CHECKS;
    });
    await this.occupy(added);
    if (session.suspended) void this.resume();
  }
}

const lanesFor = (channels: number): number => {
  if (channels === 0) return 1;
  return channels < BUSY_CHANNELS ? 2 : 3;
};
