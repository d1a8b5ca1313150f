import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import type { ChannelInfo } from './channel-accounts.js';
import { ChannelTable, type OpenOptions } from './channel-table.js';
import { type Clock, DEFAULT_CONFIG, type SessionConfig, SYSTEM_CLOCK } from './config.js';
import { OpenRefusedError, SessionError, SessionRefusedError } from './errors.js';
import { decodeFields } from './fields.js';
import { CLOSE_FIELDS, FEATURE, FIRST_CHANNEL_FRAME, FRAME, GOAWAY_FIELDS } from './frame.js';
import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  type HelloFields,
  type WelcomeInfo,
} from './handshake.js';
import { askAdmission } from './admission.js';
import { Greetings } from './greetings.js';
import { Lane, type LaneEvents } from './lane.js';
import { LaneAcks } from './lane-acks.js';
import { LaneSet } from './lane-set.js';
import { Pacer } from './pacer.js';
import { proofOf, ResumeSecret } from './resume-secret.js';
import { Sender } from './sender.js';
import { closePayload, reasonOf, reasonOfFault, refusalOf } from './close-reason.js';
import { Drain } from './drain.js';
import type {
  AttachOptions,
  CloseReason,
  DrainOptions,
  GoawayInfo,
  Joinable,
  SessionEvents,
  SessionOptions,
  SessionStats,
} from './session-options.js';
import { UNCAPPED } from './uplink-cap.js';
import { type SessionTally, statsOf } from './session-stats.js';
import { SESSION_MOVES, type SessionState, move } from './state.js';

/** One end of a session (SPEC.md), the same class at both ends. `close` is emitted exactly once, however it ends. */
export class Session extends EventEmitter<SessionEvents> {
  private readonly config: SessionConfig;
  private readonly clock: Clock;
  private readonly lanes = new LaneSet();
  private readonly first: Lane;
  private readonly laneAcks: LaneAcks;
  private readonly pacer: Pacer;
  private readonly sender: Sender;
  private readonly table: ChannelTable;
  private readonly greetings: Greetings;
  private readonly tally: SessionTally = { framesReceived: 0, lanesLost: 0, resumes: 0 };
  private current: SessionState = 'idle';
  private welcome: WelcomeInfo | undefined;
  private instanceId: string | undefined;
  /** Broker: what a lane must prove. */
  private readonly secret = new ResumeSecret();
  /** Agent: what the broker gave. */
  private knownSecret: string | undefined;
  private lastRttMs: number | undefined;
  private goaway: GoawayInfo | undefined;
  private leaving: Drain | undefined;
  private suspendTimer: NodeJS.Timeout | undefined;
  private reason: CloseReason | undefined;

  constructor(private readonly options: SessionOptions) {
    super();
    if (options.role === 'agent' && options.hello === undefined) throw new TypeError('an agent needs a hello');
    if (options.role === 'broker' && options.admit === undefined) throw new TypeError('a broker needs an admit');
    const config = { ...DEFAULT_CONFIG, ...options.config };
    this.config = config;
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.first = this.createLane(options.transport, 0);
    const late = (lane: Lane): void => this.laneFailed(lane, new SessionError('handshake-timeout'));
    this.greetings = new Greetings(config.handshakeTimeoutMs, late);
    this.pacer = new Pacer(this.clock);
    const { clock, lanes, pacer } = this;
    this.laneAcks = new LaneAcks(lanes, config.laneAckDelayMs);
    const cap = options.uplinkCap ?? UNCAPPED;
    const overflow = (error: SessionError): void => this.finish(reasonOfFault(error));
    this.sender = new Sender({ config, clock, lanes, pacer, cap, overflow });
    this.table = this.createTable();
  }

  get state(): SessionState {
    return this.current;
  }

  /** Up, but without a lane: it ends unless it is resumed in time. */
  get suspended(): boolean {
    return this.living && this.lanes.size === 0;
  }

  /** Smoothed, of the control lane; undefined before the first PONG. */
  get rttMs(): number | undefined {
    return this.lanes.control?.liveness?.rttMs ?? this.lastRttMs;
  }

  get channelCount(): number {
    return this.table.count;
  }

  /** Those below class `control`: what further lanes are for. */
  get dataChannelCount(): number {
    return this.table.dataCount;
  }

  get laneCount(): number {
    return this.lanes.size;
  }

  /** Both ends can take further lanes and resume. */
  get resumable(): boolean {
    return this.table.resumable;
  }

  /** Set once the session is closed. */
  get closeReason(): CloseReason | undefined {
    return this.reason;
  }

  /** Set once the peer drains: its GOAWAY may come with WELCOME, before anybody can listen. */
  get peerGoaway(): GoawayInfo | undefined {
    return this.goaway;
  }

  get stats(): SessionStats {
    return statsOf(this.lanes, this.sender, this.table, this.tally);
  }

  /** Those that are open, with what they carried so far. */
  channels(): ChannelInfo[] {
    return this.table.info;
  }

  /**
   * Runs the handshake. @returns at the agent what the broker answered, at the broker what was admitted.
   * @throws SessionRefusedError when the broker said no, SessionError for everything else.
   */
  start(): Promise<WelcomeInfo> {
    if (this.current !== 'idle')
      return Promise.reject(new SessionError(this.reason?.code ?? 'normal', 'started twice'));
    this.current = move(SESSION_MOVES, this.current, 'handshaking');
    const started = this.greetings.begin(this.first);
    const { hello } = this.options;
    if (hello !== undefined) {
      this.first.say(FRAME.HELLO, encodeHello(hello, this.config, { features: this.offered, lane: 0 }));
    }
    this.first.start();
    return started;
  }

  /**
   * Agent: one more lane, or the first after all were lost. The session owns the transport from now on.
   * @throws SessionRefusedError when the broker said no; SessionError otherwise. The session itself goes on.
   */
  attach({ transport, exporter, as }: AttachOptions): Promise<WelcomeInfo> {
    const { hello } = this.options;
    const { knownSecret, welcome } = this;
    const index = as === 'resume' ? 0 : this.lanes.freeIndex;
    if (
      !this.living ||
      hello === undefined ||
      knownSecret === undefined ||
      welcome === undefined ||
      index === undefined
    ) {
      transport.destroy();
      return Promise.reject(new SessionError(this.reason?.code ?? 'resume-refused', 'no session to join'));
    }
    const lane = this.createLane(transport, index);
    const joined = this.greetings.begin(lane);
    const resume = { sessionId: welcome.sessionId, proof: proofOf(knownSecret, exporter) };
    lane.say(FRAME.HELLO, encodeHello(hello, this.config, { features: this.offered, lane: index, resume }));
    lane.start();
    return joined;
  }

  /** Ends the lane with the highest index, when it is not the only one and has nothing to carry. @returns whether it did. */
  detachIdle(): boolean {
    const lane = this.lanes.all.at(-1);
    if (lane === undefined || this.lanes.size < 2 || this.table.dataCount > 0) return false;
    this.loseLane(lane, new SessionError('normal', 'idle'));
    return true;
  }

  /** @throws OpenRefusedError; its `retryable` tells whether another session may be tried. */
  open(request: OpenOptions): Promise<Channel> {
    if (this.current === 'closed') return Promise.reject(new OpenRefusedError('session-lost', this.reason?.code));
    if (this.goaway !== undefined || this.leaving?.opens === false)
      return Promise.reject(new OpenRefusedError('draining'));
    if (!this.living) return Promise.reject(new OpenRefusedError('not-open'));
    if (this.suspended) return Promise.reject(new OpenRefusedError('suspended'));
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
    this.leaving = new Drain(options, this.table, (code) => this.close(code, options.reason));
    this.sender.send(FRAME.GOAWAY, 0, 0, this.leaving.goaway);
    this.leaving.settle();
    return closed;
  }

  /** Ends what `waitsForRelease` of a drain waits for. */
  release(): void {
    this.leaving?.release();
  }

  /** Ends the session now; channels are reset with `session-lost`. Closing twice is harmless. */
  close(code = 'normal', detail?: string, retryAfterMs?: number): void {
    this.finish(reasonOf('local', code, detail, retryAfterMs));
  }

  /** What WELCOME said. */
  get welcomed(): WelcomeInfo | undefined {
    return this.welcome;
  }

  /**
   * @internal Broker: a transport that greeted elsewhere becomes a lane, when its HELLO proves the secret.
   * @returns the code of the refusal
   */
  adopt(lane: Lane, hello: HelloFields, exporter: Buffer): string | undefined {
    const { welcome } = this;
    if (!this.living || welcome === undefined || !this.resumable) return 'resume-refused';
    if (hello.instanceId !== this.instanceId || hello.resumeSessionId !== welcome.sessionId) return 'resume-refused';
    if (!this.secret.verify(exporter, hello.resumeProof ?? '')) return 'resume-refused';
    const resumes = hello.lane === 0;
    const older = resumes ? [...this.lanes.all] : this.lanes.all.filter(({ index }) => index === hello.lane);
    for (const gone of older) this.removeLane(gone);
    if (resumes) this.secret.rotate();
    lane.index = hello.lane;
    lane.handOver(this.laneEvents());
    const resumeSecret = resumes ? this.secret.value : undefined;
    const { sessionId, features } = welcome;
    const claim = { sessionId, wallClockMs: this.clock.wallMs(), features, resumeSecret };
    lane.say(FRAME.WELCOME, encodeWelcome(claim, this.config));
    this.addLane(lane, older.length > 0);
    return undefined;
  }

  private get living(): boolean {
    return this.current === 'open' || this.current === 'draining';
  }

  private get offered(): number {
    return FEATURE.LANE_ACK | (this.options.exporter === undefined ? 0 : FEATURE.LANES | FEATURE.RESUME);
  }

  private laneEvents(): LaneEvents {
    return {
      frame: (lane, type, channel, offset, payload) => this.receive(lane, type, channel, offset, payload),
      received: (lane) => this.laneAcks.noteBytes(lane),
      waiting: () => this.sender.schedule(),
      drained: () => this.sender.drained(),
      failed: (lane, error) => this.laneFailed(lane, error),
    };
  }

  private createLane(transport: Duplex, index: number): Lane {
    return new Lane(index, transport, this.laneEvents(), this.clock, this.config.laneBacklogBytes);
  }

  private createTable(): ChannelTable {
    const { role, budget, sendBudget, onOpen } = this.options;
    const { config, clock, sender } = this;
    return new ChannelTable({
      ...{ role, config, clock, sender, budget, sendBudget, onOpen },
      rttMs: () => this.rttMs,
      fault: (error) => this.emit('fault', error),
      emptied: () => this.leaving?.settle(),
    });
  }

  private receive(lane: Lane, type: number, channel: number, offset: number, payload: Buffer): void {
    this.tally.framesReceived += 1;
    if (type < FIRST_CHANNEL_FRAME && channel !== 0)
      throw new SessionError('bad-channel-id', `type ${type} is not for channel ${channel}`);
    this.laneAcks.noteFrame(lane, type);
    if (!lane.open) this.receiveHandshake(lane, type, payload);
    else if (type >= FIRST_CHANNEL_FRAME) this.table.receive(type, channel, offset, payload);
    else this.receiveSessionFrame(lane, type, offset, payload);
  }

  private receiveHandshake(lane: Lane, type: number, payload: Buffer): void {
    const { role, exporter } = this.options;
    if (type === FRAME.CLOSE) {
      this.receiveRefusal(lane, payload);
    } else if (role === 'broker' && type === FRAME.HELLO && this.instanceId === undefined) {
      const hello = decodeHello(payload, exporter !== undefined);
      this.instanceId = hello.instanceId;
      void this.admit(lane, hello);
    } else if (role === 'agent' && type === FRAME.WELCOME) {
      this.receiveWelcome(lane, payload);
    } else {
      throw new SessionError('unexpected-frame', `type ${type} before WELCOME`);
    }
  }

  private receiveRefusal(lane: Lane, payload: Buffer): void {
    if (lane === this.first && !this.living) return this.receiveClose(payload);
    const { code, detail, retryAfterMs } = decodeFields(CLOSE_FIELDS, payload);
    this.greetings.end(lane)?.reject(new SessionRefusedError(code, detail, retryAfterMs));
    lane.drop();
  }

  private receiveWelcome(lane: Lane, payload: Buffer): void {
    const { info, resumeSecret } = decodeWelcome(payload);
    if (lane === this.first && !this.living) {
      this.knownSecret = resumeSecret;
      this.become(info);
      return;
    }
    if (info.sessionId !== this.welcome?.sessionId) throw new SessionError('bad-field', 'WELCOME of another session');
    this.knownSecret = resumeSecret ?? this.knownSecret;
    const older = lane.index === 0 ? [...this.lanes.all] : [];
    for (const gone of older) this.removeLane(gone);
    this.addLane(lane, older.length > 0);
    this.greetings.end(lane)?.resolve(info);
  }

  private receiveSessionFrame(lane: Lane, type: number, offset: number, payload: Buffer): void {
    if (type === FRAME.PING) {
      lane.pong(offset);
    } else if (type === FRAME.LANE_ACK && lane.acknowledged) {
      this.receiveLaneAck(lane, offset);
    } else if (type === FRAME.PONG) {
      const rttMs = lane.liveness?.pong(offset);
      if (rttMs !== undefined) this.pacer.noteRtt(rttMs);
      if (rttMs !== undefined && lane === this.lanes.control) this.noteRtt(lane.liveness?.rttMs ?? rttMs);
    } else if (type === FRAME.RESUME_TABLE && this.resumable) {
      this.table.receiveTable(lane, offset, payload);
      this.secret.confirm();
    } else if (type === FRAME.GOAWAY) {
      this.receiveGoaway(payload);
    } else if (type === FRAME.CLOSE) {
      this.receiveClose(payload);
    } else {
      throw new SessionError('unexpected-frame', `type ${type} after WELCOME`);
    }
  }

  private receiveLaneAck(lane: Lane, bytes: number): void {
    if (bytes > lane.bytesSent) throw new SessionError('bad-offset', `${bytes} was never sent on this lane`);
    this.pacer.acked(lane, bytes);
    lane.progressed();
    this.sender.schedule();
  }

  private noteRtt(rttMs: number): void {
    this.lastRttMs = rttMs;
    this.emit('rtt', rttMs);
  }

  /** May come twice: after a lane's loss it is said again. */
  private receiveGoaway(payload: Buffer): void {
    const info = decodeFields(GOAWAY_FIELDS, payload);
    this.table.rejectOpensAbove(info.lastAcceptedId);
    if (this.goaway !== undefined) return;
    this.goaway = info;
    this.emit('goaway', info);
  }

  private receiveClose(payload: Buffer): void {
    const { code, detail, retryAfterMs } = decodeFields(CLOSE_FIELDS, payload);
    this.finish(reasonOf('peer', code, detail, retryAfterMs));
  }

  private async admit(lane: Lane, hello: HelloFields): Promise<void> {
    const admission = await askAdmission(this.options.admit, hello, this.clock.wallMs());
    if (this.current !== 'handshaking') return;
    if ('refuse' in admission) {
      this.finish({ ...admission.refuse, by: 'local' }, true);
    } else if ('join' in admission) {
      this.handOver(lane, hello, admission.join);
    } else {
      this.admitted(hello, admission.sessionId);
    }
  }

  private admitted(hello: HelloFields, sessionId: string): void {
    const wallClockMs = this.clock.wallMs();
    const features = hello.features & this.offered;
    const resumeSecret = (features & FEATURE.RESUME) === 0 ? undefined : this.secret.value;
    this.first.say(FRAME.WELCOME, encodeWelcome({ sessionId, wallClockMs, features, resumeSecret }, this.config));
    const limits = { maxDataBytes: hello.maxDataBytes, maxChannels: hello.maxChannels };
    this.become({ sessionId, wallClockMs, version: hello.maxVersion, features, limits });
  }

  private handOver(lane: Lane, hello: HelloFields, session: Joinable): void {
    const { exporter } = this.options;
    const refusal = exporter === undefined ? 'not-implemented' : session.adopt(lane, hello, exporter);
    if (refusal !== undefined) return this.finish({ code: refusal, by: 'local' }, true);
    this.current = move(SESSION_MOVES, this.current, 'closed');
    this.reason = { code: 'joined', by: 'local' };
    const greeting = this.greetings.end(lane);
    if (session.welcomed !== undefined) greeting?.resolve(session.welcomed);
    this.emit('close', this.reason);
  }

  private become(info: WelcomeInfo): void {
    this.current = move(SESSION_MOVES, this.current, 'open');
    this.welcome = info;
    this.sender.maxDataBytes = Math.min(info.limits.maxDataBytes, this.config.maxDataBytes);
    this.table.peerMaxChannels = info.limits.maxChannels;
    this.table.resumable = (info.features & this.offered & FEATURE.RESUME) !== 0;
    this.pacer.active = (info.features & FEATURE.LANE_ACK) !== 0;
    this.addLane(this.first, false);
    this.greetings.end(this.first)?.resolve(info);
  }

  /** @param lost older lanes ended for it */
  private addLane(lane: Lane, lost: boolean): void {
    const resumed = this.living && this.suspendTimer !== undefined;
    clearTimeout(this.suspendTimer);
    this.suspendTimer = undefined;
    const { control } = this.lanes;
    this.lanes.add(lane);
    lane.acknowledged = this.pacer.active;
    this.pacer.add(lane);
    lane.welcome(this.config);
    if (control !== undefined && this.lanes.control === control && this.lanes.size === 2) this.table.leaveLane(control);
    if (resumed) this.tally.resumes += 1;
    if (resumed || lost) this.recover();
    this.emit('lanes', this.lanes.size);
    if (resumed) this.emit('resumed');
  }

  private laneFailed(lane: Lane, error: SessionError): void {
    const ofTransport = ['transport-closed', 'transport-error', 'peer-silent'].includes(error.code);
    if (lane.open && this.living && this.resumable && ofTransport) return this.loseLane(lane, error);
    if (lane.open || (lane === this.first && !this.living)) return this.finish(reasonOfFault(error));
    this.greetings.end(lane)?.reject(error);
    lane.drop();
  }

  private loseLane(lane: Lane, error: SessionError): void {
    if (!this.removeLane(lane)) return;
    this.emit('lanes', this.lanes.size);
    if (this.lanes.size > 0) {
      this.recover();
      return;
    }
    const reason = reasonOfFault(error);
    this.sender.dropControl();
    this.suspendTimer = setTimeout(() => this.finish(reason), this.config.resumeWindowMs);
    this.emit('suspended', reason);
  }

  private removeLane(lane: Lane): boolean {
    if (!this.lanes.remove(lane)) return false;
    this.tally.lanesLost += 1;
    lane.drop();
    this.table.laneLost(lane);
    this.sender.laneLost(lane);
    return true;
  }

  /** Something was lost with a lane: both ends say what they have, and send the rest again. */
  private recover(): void {
    if (this.leaving !== undefined) this.sender.send(FRAME.GOAWAY, 0, 0, this.leaving.goaway);
    this.table.sendTable(true);
  }

  private finish(reason: CloseReason, refused = reason.by === 'peer'): void {
    if (this.current === 'closed') return;
    const silent = this.current === 'idle' || reason.by !== 'local';
    const greeted = this.living;
    this.current = move(SESSION_MOVES, this.current, 'closed');
    this.reason = reason;
    this.leaving?.stop();
    clearTimeout(this.suspendTimer);
    this.laneAcks.stop();
    if (!silent && greeted) this.sender.send(FRAME.CLOSE, 0, 0, closePayload(reason));
    if (!silent && !greeted) this.first.say(FRAME.CLOSE, closePayload(reason));
    this.sender.finish();
    const error = refusalOf(reason, refused);
    for (const lane of new Set([...this.lanes.all, ...this.greetings.lanes(), ...(greeted ? [] : [this.first])])) {
      lane.close(this.config.closeLingerMs);
      this.greetings.end(lane)?.reject(error);
    }
    this.lanes.clear();
    this.table.abandonAll(reason.code);
    this.emit('close', reason);
  }
}
