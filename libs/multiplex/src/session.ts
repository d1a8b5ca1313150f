import { EventEmitter } from 'node:events';
import type { Channel } from './channel.js';
import { ChannelTable, type OpenOptions } from './channel-table.js';
import { type Clock, DEFAULT_CONFIG, type SessionConfig, SYSTEM_CLOCK } from './config.js';
import { OpenRefusedError, SessionError, SessionRefusedError } from './errors.js';
import { clip, decodeFields, encodeFields } from './fields.js';
import { CLOSE_FIELDS, FIRST_CHANNEL_FRAME, FRAME, GOAWAY_FIELDS } from './frame.js';
import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  type HelloFields,
  type WelcomeInfo,
} from './handshake.js';
import { Lane } from './lane.js';
import { Liveness } from './liveness.js';
import { Sender } from './sender.js';
import type {
  Admission,
  AdmittedHello,
  CloseReason,
  DrainOptions,
  GoawayInfo,
  SessionOptions,
  SessionStats,
} from './session-options.js';
import { SESSION_MOVES, type SessionState, move } from './state.js';

interface SessionEvents {
  close: [reason: CloseReason];
  goaway: [info: GoawayInfo];
  rtt: [rttMs: number];
  /** A handler of the application threw; its channel was reset with `internal-error`. */
  fault: [error: unknown];
}

interface Starting {
  readonly resolve: (info: WelcomeInfo) => void;
  readonly reject: (error: SessionError) => void;
}

/** One end of a session (SPEC.md), the same class at both ends. `close` is emitted exactly once, however it ends. */
export class Session extends EventEmitter<SessionEvents> {
  private readonly config: SessionConfig;
  private readonly clock: Clock;
  private readonly lane: Lane;
  private readonly sender: Sender;
  private readonly table: ChannelTable;
  private readonly liveness: Liveness;
  private current: SessionState = 'idle';
  private peerDraining = false;
  private helloSeen = false;
  private framesReceived = 0;
  private timer: NodeJS.Timeout | undefined;
  private starting: Starting | undefined;
  private reason: CloseReason | undefined;

  constructor(private readonly options: SessionOptions) {
    super();
    if (options.role === 'agent' && options.hello === undefined) throw new TypeError('an agent needs a hello');
    if (options.role === 'broker' && options.admit === undefined) throw new TypeError('a broker needs an admit');
    const config = { ...DEFAULT_CONFIG, ...options.config };
    this.config = config;
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.lane = this.createLane();
    this.sender = new Sender(this.lane, config.controlQueueBytes, config.maxDataBytes, (error) => this.fail(error));
    this.liveness = this.createLiveness();
    this.table = this.createTable();
  }

  get state(): SessionState {
    return this.current;
  }

  /** Smoothed; undefined before the first PONG. */
  get rttMs(): number | undefined {
    return this.liveness.rttMs;
  }

  get channelCount(): number {
    return this.table.count;
  }

  /** Set once the session is closed. */
  get closeReason(): CloseReason | undefined {
    return this.reason;
  }

  get stats(): SessionStats {
    const { lane, sender, table } = this;
    return {
      bytesSent: lane.bytesSent,
      bytesReceived: lane.bytesReceived,
      framesSent: sender.frames,
      framesReceived: this.framesReceived,
      channelsOpened: table.opened,
      channelsAccepted: table.accepted,
      channelsRefused: table.refused,
    };
  }

  /**
   * Runs the handshake. @returns at the agent what the broker answered, at the broker what was admitted.
   * @throws SessionRefusedError when the broker said no, SessionError for everything else.
   */
  start(): Promise<WelcomeInfo> {
    if (this.current !== 'idle')
      return Promise.reject(new SessionError(this.reason?.code ?? 'normal', 'started twice'));
    this.current = move(SESSION_MOVES, this.current, 'handshaking');
    const { hello } = this.options;
    const started = new Promise<WelcomeInfo>((resolve, reject) => {
      this.starting = { resolve, reject };
    });
    this.timer = setTimeout(() => this.fail(new SessionError('handshake-timeout')), this.config.handshakeTimeoutMs);
    if (this.options.role === 'agent' && hello !== undefined) {
      this.sender.send(FRAME.HELLO, 0, 0, encodeHello(hello, this.config));
    }
    this.lane.start();
    return started;
  }

  /** @throws OpenRefusedError; its `retryable` tells whether another session may be tried. */
  open(request: OpenOptions): Promise<Channel> {
    if (this.current === 'closed') return Promise.reject(new OpenRefusedError('session-lost', this.reason?.code));
    if (this.current === 'draining' || this.peerDraining) return Promise.reject(new OpenRefusedError('draining'));
    if (this.current !== 'open') return Promise.reject(new OpenRefusedError('not-open'));
    return this.table.open(request);
  }

  /** GOAWAY, then waits for the channels or the deadline, then closes. Resolves when closed. */
  drain(options: DrainOptions): Promise<void> {
    if (this.current === 'closed') return Promise.resolve();
    const closed = new Promise<void>((resolve) => {
      this.once('close', () => resolve());
    });
    if (this.current === 'draining') return closed;
    if (this.current !== 'open') {
      this.close('drained', options.reason);
      return closed;
    }
    this.current = move(SESSION_MOVES, this.current, 'draining');
    this.table.refusing = true;
    const fields = {
      reason: options.reason,
      lastAcceptedId: this.table.lastAcceptedId,
      drainDeadlineMs: options.deadlineMs,
      ...(options.reconnectAfterMs === undefined ? {} : { reconnectAfterMs: options.reconnectAfterMs }),
    };
    this.sender.send(FRAME.GOAWAY, 0, 0, encodeFields(GOAWAY_FIELDS, fields));
    this.timer = setTimeout(() => this.close('drain-deadline', options.reason), options.deadlineMs);
    if (this.table.count === 0) this.close('drained', options.reason);
    return closed;
  }

  /** Ends the session now; channels are reset with `session-lost`. Closing twice is harmless. */
  close(code = 'normal', detail?: string, retryAfterMs?: number): void {
    this.finish({ code, ...optional(detail, retryAfterMs), by: 'local' });
  }

  private createLane(): Lane {
    const events = {
      frame: (type: number, channel: number, offset: number, payload: Buffer) =>
        this.receive(type, channel, offset, payload),
      drained: () => this.sender.flush(),
      failed: (error: SessionError) => this.fail(error),
    };
    return new Lane(this.options.transport, events, this.clock, this.config.laneBacklogBytes);
  }

  private createLiveness(): Liveness {
    return new Liveness({
      pingIntervalMs: this.config.pingIntervalMs,
      deadAfterMs: this.config.deadAfterMs,
      clock: this.clock,
      lastReceivedAt: () => this.lane.lastReceivedAt,
      ping: (token) => this.sender.send(FRAME.PING, 0, token),
      dead: () => this.fail(new SessionError('peer-silent', `no byte for ${this.config.deadAfterMs} ms`)),
    });
  }

  private createTable(): ChannelTable {
    return new ChannelTable({
      role: this.options.role,
      config: this.config,
      clock: this.clock,
      sender: this.sender,
      onOpen: this.options.onOpen,
      rttMs: () => this.liveness.rttMs,
      fault: (error) => this.emit('fault', error),
      emptied: () => {
        if (this.current === 'draining') this.close('drained');
      },
    });
  }

  private receive(type: number, channel: number, offset: number, payload: Buffer): void {
    this.framesReceived += 1;
    if (type >= FIRST_CHANNEL_FRAME) {
      if (this.current === 'handshaking') throw new SessionError('unexpected-frame', `type ${type} before WELCOME`);
      this.table.receive(type, channel, offset, payload);
      return;
    }
    if (channel !== 0) throw new SessionError('bad-channel-id', `type ${type} is not for channel ${channel}`);
    if (type === FRAME.CLOSE) this.receiveClose(payload);
    else if (this.current === 'handshaking') this.receiveHandshake(type, payload);
    else this.receiveSessionFrame(type, offset, payload);
  }

  private receiveHandshake(type: number, payload: Buffer): void {
    if (this.options.role === 'broker' && type === FRAME.HELLO && !this.helloSeen) {
      this.helloSeen = true;
      void this.admit(decodeHello(payload));
    } else if (this.options.role === 'agent' && type === FRAME.WELCOME) {
      this.become(decodeWelcome(payload));
    } else {
      throw new SessionError('unexpected-frame', `type ${type} before WELCOME`);
    }
  }

  private receiveSessionFrame(type: number, offset: number, payload: Buffer): void {
    if (type === FRAME.PING) {
      this.sender.pong(offset);
    } else if (type === FRAME.PONG) {
      const rttMs = this.liveness.pong(offset);
      if (rttMs !== undefined) this.emit('rtt', rttMs);
    } else if (type === FRAME.GOAWAY) {
      const info = decodeFields(GOAWAY_FIELDS, payload);
      this.peerDraining = true;
      this.table.rejectOpensAbove(info.lastAcceptedId);
      this.emit('goaway', info);
    } else {
      throw new SessionError('unexpected-frame', `type ${type} after WELCOME`);
    }
  }

  private receiveClose(payload: Buffer): void {
    const { code, detail, retryAfterMs } = decodeFields(CLOSE_FIELDS, payload);
    this.finish({ code, ...optional(detail, retryAfterMs), by: 'peer' });
  }

  private async admit(hello: HelloFields): Promise<void> {
    const { instanceId, agentVersion, platform, wallClockMs } = hello;
    const skewMs = wallClockMs - this.clock.wallMs();
    const admission = await this.askAdmission({ instanceId, agentVersion, platform, wallClockMs, skewMs });
    if (this.current !== 'handshaking') return;
    if ('refuse' in admission) {
      const { code, detail, retryAfterMs } = admission.refuse;
      this.finish({ code, ...optional(detail, retryAfterMs), by: 'local' }, true);
      return;
    }
    const now = this.clock.wallMs();
    this.sender.send(FRAME.WELCOME, 0, 0, encodeWelcome(admission.sessionId, now, this.config));
    const limits = { maxDataBytes: hello.maxDataBytes, maxChannels: hello.maxChannels };
    this.become({ sessionId: admission.sessionId, wallClockMs: now, version: hello.maxVersion, features: 0, limits });
  }

  private async askAdmission(hello: AdmittedHello): Promise<Admission> {
    try {
      return (await this.options.admit?.(hello)) ?? { refuse: { code: 'admission-failed' } };
    } catch {
      return { refuse: { code: 'admission-failed' } };
    }
  }

  private become(info: WelcomeInfo): void {
    this.current = move(SESSION_MOVES, this.current, 'open');
    clearTimeout(this.timer);
    this.lane.decoder.maxDataBytes = this.config.maxDataBytes;
    this.sender.maxDataBytes = Math.min(info.limits.maxDataBytes, this.config.maxDataBytes);
    this.table.peerMaxChannels = info.limits.maxChannels;
    this.liveness.start();
    this.starting?.resolve(info);
    this.starting = undefined;
  }

  private fail(error: SessionError): void {
    const by = error.code === 'transport-closed' || error.code === 'transport-error' ? 'transport' : 'local';
    this.finish({ code: error.code, ...optional(error.detail, undefined), by });
  }

  private finish(reason: CloseReason, refused = reason.by === 'peer'): void {
    if (this.current === 'closed') return;
    const silent = this.current === 'idle' || reason.by !== 'local';
    this.current = move(SESSION_MOVES, this.current, 'closed');
    this.reason = reason;
    clearTimeout(this.timer);
    this.liveness.stop();
    if (!silent) this.sender.send(FRAME.CLOSE, 0, 0, closePayload(reason));
    this.sender.finish();
    this.lane.close(this.config.closeLingerMs);
    this.table.abandonAll(reason.code);
    const { code, detail, retryAfterMs } = reason;
    this.starting?.reject(
      refused ? new SessionRefusedError(code, detail, retryAfterMs) : new SessionError(code, detail),
    );
    this.starting = undefined;
    this.emit('close', reason);
  }
}

function closePayload(reason: CloseReason): Buffer {
  const detail = clip(reason.detail, CLOSE_FIELDS.detail.max);
  return encodeFields(CLOSE_FIELDS, { code: reason.code, ...optional(detail, reason.retryAfterMs) });
}

function optional(
  detail: string | undefined,
  retryAfterMs: number | undefined,
): { detail?: string; retryAfterMs?: number } {
  return { ...(detail === undefined ? {} : { detail }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
