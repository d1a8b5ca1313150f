import {
  type AttachOptions,
  type CloseReason,
  type GoawayInfo,
  type Session,
  SessionRefusedError,
} from '@app/multiplex';
import { EventEmitter } from 'node:events';
import { AgentError } from '../errors.js';
import { byPriority, type Endpoint, endpointName } from '../network/endpoint.dialer.js';
import type { BackOff } from './back-off.js';
import { LaneKeeper } from './lane.keeper.js';
import { pause } from './pause.js';
import { REFUSAL_POLICIES } from './refusal.policy.js';
import type { Connected } from './tunnel.attempt.js';

/** Why the tunnel is not up, for people and status. */
export interface TunnelTrouble {
  code: string;
  message: string;
  advice?: string;
}

interface TunnelEvents {
  connecting: [endpoint: string];
  up: [connected: Connected];
  /** Every connection is lost; the session and its channels wait to be resumed. */
  suspended: [trouble: TunnelTrouble];
  resumed: [connected: Connected];
  down: [trouble: TunnelTrouble];
  /** The broker drains: the next session is opened at another one while this one finishes. */
  moving: [trouble: TunnelTrouble];
  /** The session that was left behind has ended. */
  left: [endpoint: string, trouble: TunnelTrouble];
  waiting: [retryInMs: number, trouble: TunnelTrouble];
  /** One attempt at one endpoint, be it for a session or to resume one. */
  failed: [endpoint: string, trouble: TunnelTrouble];
}

export interface TunnelOptions {
  endpoints: readonly Endpoint[];
  attempt: (endpoint: Endpoint, signal: AbortSignal) => Promise<Connected>;
  /** One more connection for a session that can have several. */
  attach?: (connected: Connected, as: AttachOptions['as'], signal: AbortSignal) => Promise<void>;
  backOff: BackOff;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Steady ms. */
  clock?: () => number;
  /** Runs something later, unless the function that it returns is called first; keeps no process alive. */
  later?: (ms: number, run: () => void) => () => void;
}

interface Ending {
  trouble: TunnelTrouble;
  waitMs: number;
  /** GOAWAY: how long that broker may still drain. The session goes on, and the wait is the slot it was given. */
  drainsForMs?: number;
  /** It follows a session that lasted, so that no wait is needed against a hot loop. */
  steady?: boolean;
}

/** A session that lived this long clears the back-off; a shorter one counts as a failure, so that no loop runs hot. */
const STEADY_MS = 10_000;
const DRAIN_DEADLINE_MS = 1_500;
/** A session that its broker has not ended so long after the deadline that it named will not be ended by it. */
const LEFT_GRACE_MS = 5_000;
/** The longest drain that is believed in; also, a timer cannot wait as long as GOAWAY can say. */
const LONGEST_DRAIN_MS = 3_600_000;

/** Keeps one session up: the loop and its policy. One attempt is `tunnel.attempt.ts`. */
export class TunnelClient extends EventEmitter<TunnelEvents> {
  private readonly stopping = new AbortController();
  private readonly sessions = new Set<Session>();
  /** What the status is about; older sessions finish beside it. */
  private current: { connected: Connected; keeper: LaneKeeper | undefined } | undefined;
  /** Endpoints that said GOAWAY, and until when (steady ms) they would only refuse. */
  private readonly draining = new Map<string, number>();
  private waking = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: TunnelOptions) {
    super();
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Ends a wait at once, as after the machine was suspended or the network came back. */
  wake(): void {
    this.options.backOff.reset();
    this.waking.abort();
  }

  /** The session that the status is about, while it can be asked something. */
  get established(): Connected | undefined {
    const { connected } = this.current ?? {};
    return connected?.session.state === 'open' && !connected.session.suspended ? connected : undefined;
  }

  /** New connections for the session that goes on; nothing to do without one. @throws as LaneKeeper.replace */
  async replaceLanes(): Promise<void> {
    if (this.established !== undefined) await this.current?.keeper?.replace();
  }

  /** Says GOAWAY, gives channels a moment, and is done. Closing twice is harmless. */
  async close(): Promise<void> {
    this.stopping.abort();
    const drains = [...this.sessions].map((session) =>
      session.drain({ reason: 'agent-stopped', deadlineMs: DRAIN_DEADLINE_MS }),
    );
    await Promise.all([...drains, this.loop]);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const ending = await this.connectOnce(signal);
      if (signal.aborted) return;
      this.waking = new AbortController();
      const waitMs = ending.waitMs + (ending.steady ? 0 : this.options.backOff.nextMs());
      if (ending.drainsForMs === undefined) this.emit('waiting', waitMs, ending.trouble);
      await (this.options.sleep ?? pause)(waitMs, AbortSignal.any([signal, this.waking.signal]));
    }
  }

  /** Tries the endpoints in their order; with a session, returns when it has ended or is told to go elsewhere. */
  private async connectOnce(signal: AbortSignal): Promise<Ending> {
    let first: Ending | undefined;
    for (const endpoint of this.inOrder()) {
      if (signal.aborted) break;
      this.emit('connecting', endpointName(endpoint));
      try {
        return await this.live(await this.options.attempt(endpoint, signal), signal);
      } catch (error) {
        const failed = asEnding(error);
        if (!signal.aborted) this.emit('failed', endpointName(endpoint), failed.trouble);
        // A judgement of this identity holds everywhere; a broker that cannot serve is not the only one.
        if (error instanceof SessionRefusedError && error.code in REFUSAL_POLICIES) return failed;
        first ??= failed;
      }
    }
    return first ?? { trouble: { code: 'stopped', message: 'Stopping' }, waitMs: 0 };
  }

  /** By priority, those that drain last. */
  private inOrder(): Endpoint[] {
    const now = this.now();
    const drains = (endpoint: Endpoint): boolean => (this.draining.get(endpointName(endpoint)) ?? 0) > now;
    const all = byPriority(this.options.endpoints);
    return [...all.filter((endpoint) => !drains(endpoint)), ...all.filter(drains)];
  }

  private now(): number {
    return (this.options.clock ?? (() => performance.now()))();
  }

  private async live(connected: Connected, signal: AbortSignal): Promise<Ending> {
    const { session } = connected;
    if (signal.aborted) {
      session.close('cancelled');
      return { trouble: { code: 'stopped', message: 'Stopping' }, waitMs: 0 };
    }
    const since = this.now();
    this.sessions.add(session);
    session.once('close', () => this.sessions.delete(session));
    const ended = endOf(session);
    this.current = { connected, keeper: this.keepLanes(connected) };
    this.emit('up', connected);
    const ending = await ended;
    const steady = this.now() - since >= STEADY_MS;
    if (steady) this.options.backOff.reset();
    if (ending.drainsForMs === undefined) {
      this.emit('down', ending.trouble);
      return ending;
    }
    this.emit('moving', ending.trouble);
    this.leave(connected, ending.drainsForMs);
    // The broker spreads its agents by their slots; only one that lets nobody stay is backed off from.
    return { ...ending, steady };
  }

  private leave({ session, endpoint }: Connected, drainsForMs: number): void {
    const name = endpointName(endpoint);
    this.draining.set(name, this.now() + drainsForMs);
    const left = (reason: CloseReason): boolean => this.emit('left', name, closedBy(reason).trouble);
    // A broker that has nothing to wait for ends it in the same read as its GOAWAY.
    if (session.closeReason !== undefined) return void left(session.closeReason);
    const cancel = (this.options.later ?? later)(Math.min(drainsForMs, LONGEST_DRAIN_MS) + LEFT_GRACE_MS, () =>
      session.close('drain-deadline', 'the broker did not end it'),
    );
    session.once('close', (reason: CloseReason) => {
      cancel();
      left(reason);
    });
  }

  private keepLanes(connected: Connected): LaneKeeper | undefined {
    const { attach, endpoints, sleep } = this.options;
    const { session } = connected;
    if (attach === undefined) return undefined;
    const keeper = new LaneKeeper({
      session,
      attach: (as, signal) => attach(connected, as, signal),
      alternatives: endpoints.length > 1,
      onFailed: (error) => this.emit('failed', endpointName(connected.endpoint), asEnding(error).trouble),
      ...(sleep === undefined ? {} : { sleep }),
    });
    this.stopping.signal.addEventListener('abort', () => keeper.stop(), { once: true, signal: keeper.stopped });
    session.on('suspended', (reason) => {
      if (session === this.current?.connected.session && !keeper.replacing)
        this.emit('suspended', closedBy(reason).trouble);
    });
    session.on('resumed', () => {
      if (session === this.current?.connected.session && !keeper.replacing) this.emit('resumed', connected);
    });
    return keeper;
  }
}

const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

/** The end of a session, or the peer's wish that the next one be opened: then this one drains beside it. */
const endOf = (session: Session): Promise<Ending> =>
  new Promise((resolve) => {
    session.once('close', (reason: CloseReason) => resolve(closedBy(reason)));
    session.once('goaway', (info: GoawayInfo) => resolve(movedBy(info)));
    // Either may have come in the same read as WELCOME.
    const { closeReason, peerGoaway } = session;
    if (closeReason !== undefined) resolve(closedBy(closeReason));
    else if (peerGoaway !== undefined) resolve(movedBy(peerGoaway));
  });

const movedBy = ({ reason, reconnectAfterMs, drainDeadlineMs }: GoawayInfo): Ending => {
  const trouble = { code: 'broker-draining', message: `The broker asks to reconnect: ${reason}` };
  return { trouble, waitMs: reconnectAfterMs ?? 0, drainsForMs: drainDeadlineMs };
};

const closedBy = ({ code, detail, retryAfterMs }: CloseReason): Ending =>
  judged(code, detail ?? 'the session ended', retryAfterMs);

const asEnding = (error: unknown): Ending => {
  if (error instanceof SessionRefusedError) return judged(error.code, error.detail ?? error.code, error.retryAfterMs);
  if (error instanceof AgentError) {
    const { code, message, advice } = error;
    return { trouble: { code, message, ...(advice === undefined ? {} : { advice }) }, waitMs: 0 };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'tunnel-failed';
  return { trouble: { code, message: error instanceof Error ? error.message : String(error) }, waitMs: 0 };
};

const judged = (code: string, detail: string, retryAfterMs = 0): Ending => {
  const policy = REFUSAL_POLICIES[code];
  const trouble = { code, message: detail, ...(policy === undefined ? {} : { advice: policy.advice }) };
  return { trouble, waitMs: Math.max(retryAfterMs, policy?.waitMs ?? 0) };
};
