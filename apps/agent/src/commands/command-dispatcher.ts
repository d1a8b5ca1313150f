import { asMediaError } from '@app/media';
import type { CommandOutcome, SiteCommand } from '../site/site-command.js';
import type { SiteConnector } from '../site/site-connector.js';
import type { SiteDirectory } from '../site/site-directory.js';
import type { Holder, Holding } from '../users/holding.js';
import { CommandFault, type CommandRecord, type CommandReport, type CommandRequest, rightFor } from './command.js';
import { CommandQueue } from './command-queue.js';
import { fitFault } from './entity-fit.js';
import { PtzControl, refusedBy } from './ptz-control.js';
import { isSame, type PtzHold, type PtzLockOptions } from './ptz-lock.js';
import { firstAnswer } from '../site/first-answer.js';

export interface CommandLimits {
  /** A device that has not answered by then is given up. */
  deviceMs: number;
  /** A camera moves on for so long after the last word of its mover. */
  moveLeaseMs: number;
  /** What the stop of the site waits for cameras to stand still. */
  closeMs: number;
}

export const commandLimits: CommandLimits = { deviceMs: 5_000, moveLeaseMs: 3_000, closeMs: 1_000 };

/** A device that stops by itself has this much longer than the site, which is the first to stop it. */
const DEVICE_GRACE_MS = 1_000;

export interface CommandDispatcherOptions {
  site: Pick<SiteDirectory, 'find'>;
  connectors: readonly Pick<SiteConnector, 'execute'>[];
  /** The site's own record of who did what; a camera that is moved is told once for each hold. */
  record: (entry: CommandRecord) => void;
  limits?: Partial<CommandLimits>;
  lock?: Partial<PtzLockOptions>;
}

export interface PtzStatus {
  hold: PtzHold | undefined;
  lock: PtzHold | undefined;
}

/** A command that was taken; what its account may do can change before its turn. */
interface Pending extends CommandRequest {
  isRevoked: boolean;
}

const NO_DEADLINE = new AbortController().signal;

/** Carries out commands: rights, PTZ lock, order and deadlines; connectors do the rest. */
export class CommandDispatcher implements Holder {
  readonly #limits: CommandLimits;
  readonly #queues = new Map<string, CommandQueue>();
  readonly #ptz = new Map<string, PtzControl>();
  readonly #pending = new Set<Pending>();

  constructor(private readonly options: CommandDispatcherOptions) {
    this.#limits = { ...commandLimits, ...options.limits };
  }

  /** Commands that wait for their turn, cameras that are steered, and locks. */
  get held(): Holding[] {
    const pending = [...this.#pending].map((one): Holding => {
      const { account, level, entityId, command } = one;
      return { account, level, entityId, right: rightFor(command), end: () => void (one.isRevoked = true) };
    });
    return [...pending, ...[...this.#ptz].flatMap(([entityId, control]) => control.held(entityId))];
  }

  /** Who steers a camera, and who has locked it. */
  ptz(entityId: string): PtzStatus {
    const lock = this.#ptz.get(entityId)?.lock;
    return { hold: lock?.hold, lock: lock?.lock };
  }

  /**
   * @param signal aborted at the deadline: what has not begun by then never does
   * @throws CommandFault `command-expired`, `device-timeout`, or with the code of the device's failure
   */
  async execute(request: CommandRequest, signal: AbortSignal): Promise<CommandReport> {
    const steeredBefore = this.ptz(request.entityId).hold;
    const pending: Pending = { ...request, isRevoked: false };
    this.#pending.add(pending);
    try {
      const report = await this.#decide(pending, signal);
      const isSameMove = request.command.kind === 'ptz-move' && steeredBefore && isSame(steeredBefore, request);
      if (report.outcome.outcome !== 'done' || isSameMove !== true) this.#record(request, report.outcome);
      return report;
    } catch (error) {
      const fault = faultOf(error);
      this.#record(request, { outcome: 'failed', reason: `${fault.code}: ${fault.message}` });
      throw fault;
    } finally {
      this.#pending.delete(pending);
    }
  }

  /** Cameras that move are stopped, as far as their devices answer in time. */
  async close(): Promise<void> {
    const moving = [...this.#ptz].filter(([, { watch }]) => watch.isMoving);
    for (const [, { watch }] of this.#ptz) watch.end();
    const limit = AbortSignal.timeout(this.#limits.closeMs);
    await Promise.all(moving.map(([entityId]) => this.#stop(entityId, limit)));
  }

  async #decide(request: Pending, signal: AbortSignal): Promise<CommandReport> {
    const { entityId, allow, command } = request;
    const right = rightFor(command);
    if (!allow.includes(right)) return refused(`not-permitted: the account of the host may not do this (${right})`);
    const unfit = fitFault(this.options.site.find(entityId), command);
    if (unfit !== undefined) return { outcome: { outcome: 'unsupported', reason: unfit } };
    if (command.kind.startsWith('ptz-')) return this.#steer(request, signal);
    return this.#send(entityId, command as SiteCommand, signal, request);
  }

  async #steer(request: Pending, signal: AbortSignal): Promise<CommandReport> {
    const { entityId, command } = request;
    if (signal.aborted) throw expired();
    const control = this.#control(entityId);
    const { hold: mover } = control.lock;
    const decision = control.decide(command, request);
    if (!decision.allowed) return { outcome: refusedBy(decision.why, decision.by) };
    if (command.kind === 'ptz-lock') {
      // Whoever is locked out does not go on moving it.
      if (command.locked && control.watch.isMoving && mover && !isSame(mover, request)) await control.stop();
      return { outcome: { outcome: 'done' } };
    }
    if (command.kind === 'ptz-move' && !isStill(command)) {
      control.watch.renew();
      const timeoutMs = this.#limits.moveLeaseMs + DEVICE_GRACE_MS;
      return this.#send(entityId, { ...command, timeoutMs }, signal, request);
    }
    const settle = control.watch.settling();
    const sent: SiteCommand = command.kind === 'ptz-move' ? { kind: 'ptz-stop' } : command;
    const report = await this.#send(entityId, sent, signal, request);
    if (report.outcome.outcome === 'done') settle();
    return report;
  }

  #control(entityId: string): PtzControl {
    const known = this.#ptz.get(entityId);
    if (known !== undefined) return known;
    const stop = (): Promise<boolean> => this.#stop(entityId);
    const made = new PtzControl({ ...this.options.lock, leaseMs: this.#limits.moveLeaseMs, stop });
    this.#ptz.set(entityId, made);
    return made;
  }

  /** @returns whether it has stopped, or somebody else has it now */
  async #stop(entityId: string, signal = NO_DEADLINE): Promise<boolean> {
    const command: SiteCommand = { kind: 'ptz-stop' };
    const by: CommandRequest = { account: '', allow: [], user: 'the site itself', level: 1, entityId, command };
    try {
      const { outcome } = await this.#send(entityId, command, signal);
      this.#record(by, outcome);
      return outcome.outcome === 'done' || ('reason' in outcome && outcome.reason.startsWith('superseded:'));
    } catch (error) {
      const fault = faultOf(error);
      this.#record(by, { outcome: 'failed', reason: `${fault.code}: ${fault.message}` });
      return false;
    }
  }

  async #send(entityId: string, command: SiteCommand, signal: AbortSignal, asked?: Pending): Promise<CommandReport> {
    const queue = this.#queues.get(entityId) ?? new CommandQueue();
    this.#queues.set(entityId, queue);
    try {
      const work = async (): Promise<CommandReport> =>
        asked?.isRevoked === true
          ? refused('not-permitted: the account of the host may not do this any more')
          : this.#ask(entityId, command, signal);
      return await queue.run({ signal, replaces: command.kind.startsWith('ptz-'), work });
    } catch (error) {
      const isRefusal = error instanceof CommandFault && (error.code === 'superseded' || error.code === 'entity-busy');
      if (isRefusal) return refused(`${error.code}: ${error.message}`);
      throw error;
    } finally {
      if (queue.isIdle) this.#queues.delete(entityId);
    }
  }

  async #ask(entityId: string, command: SiteCommand, signal: AbortSignal): Promise<CommandReport> {
    const limit = AbortSignal.timeout(this.#limits.deviceMs);
    const beganAt = performance.now();
    const either = AbortSignal.any([signal, limit]);
    const asked = firstAnswer(this.options.connectors, (one) => one.execute?.(entityId, command, either));
    if (asked === undefined)
      return { outcome: { outcome: 'unsupported', reason: 'no-command: its system takes no commands' } };
    const outcome = await within(asked, [signal, limit], () => deviceTimeout(performance.now() - beganAt));
    return { outcome, deviceMs: performance.now() - beganAt };
  }

  #record(
    { entityId, account, user, level, command }: CommandRequest,
    { outcome, ...rest }: CommandOutcome | { outcome: 'failed'; reason: string },
  ): void {
    this.options.record({ entityId, account, user, level, command: command.kind, outcome, ...rest });
  }
}

const refused = (reason: string): CommandReport => ({ outcome: { outcome: 'refused', reason } });

const isStill = ({ pan, tilt, zoom }: Extract<SiteCommand, { kind: 'ptz-move' }>): boolean =>
  pan === 0 && tilt === 0 && zoom === 0;

const expired = (): CommandFault => new CommandFault('command-expired', 'its time was over before it could begin');

const deviceTimeout = (afterMs: number): CommandFault =>
  new CommandFault('device-timeout', `the device has not answered for ${Math.round(afterMs)} ms`);

const faultOf = (error: unknown): CommandFault => {
  if (error instanceof CommandFault) return error;
  const { code, message } = asMediaError(error, 'camera-unreachable');
  if (code === 'camera-timeout') return new CommandFault('device-timeout', message, { cause: error });
  return new CommandFault(code, message, { cause: error });
};

/** A connector that does not heed its signal holds up nobody. */
const within = async <T>(work: Promise<T>, signals: AbortSignal[], late: () => CommandFault): Promise<T> => {
  let giveUp = (): void => undefined;
  const given = new Promise<never>((_, reject) => {
    giveUp = () => reject(late());
    for (const signal of signals) signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } catch (error) {
    throw signals.some(({ aborted }) => aborted) ? late() : error;
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', giveUp);
  }
};
