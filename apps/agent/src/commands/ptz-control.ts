import type { CommandOutcome } from '../site/site-command.js';
import type { Holding } from '../users/holding.js';
import type { Command, Commander } from './command.js';
import { MoveWatch } from './move-watch.js';
import { isSame, PtzLock, type PtzDecision, type PtzHold, type PtzLockOptions } from './ptz-lock.js';

export interface PtzControlOptions extends Partial<PtzLockOptions> {
  leaseMs: number;
  /** @returns whether the camera has stopped */
  stop: () => Promise<boolean>;
}

/** One camera that can be turned: who may, and that it does not turn for ever. */
export class PtzControl {
  readonly lock: PtzLock;
  readonly watch: MoveWatch;

  constructor(private readonly options: PtzControlOptions) {
    this.lock = new PtzLock(options);
    this.watch = new MoveWatch(options.leaseMs, options.stop);
  }

  async stop(): Promise<void> {
    const settle = this.watch.settling();
    if (await this.options.stop()) settle();
  }

  /** By whom it is steered, and locked. */
  held(entityId: string): Holding[] {
    const { hold, lock } = this.lock;
    return [hold, lock].flatMap((who) =>
      who === undefined
        ? []
        : [{ account: who.account, level: who.level, right: 'ptz' as const, entityId, end: () => this.#leave(who) }],
    );
  }

  decide(command: Command, who: Commander): PtzDecision {
    if (command.kind !== 'ptz-lock') return this.lock.steer(who);
    return command.locked ? this.lock.take(who) : this.lock.release(who);
  }

  /** Who is gone steers no longer: what he set in motion stands still. */
  #leave(who: Commander): void {
    const { hold } = this.lock;
    const isMover = hold !== undefined && isSame(hold, who);
    this.lock.forget(who);
    if (isMover && this.watch.isMoving) void this.stop();
  }
}

/** For whoever is refused. The name of the other is told: they are colleagues who share a camera. */
export const refusedBy = (why: 'held' | 'locked', { user, level }: PtzHold): CommandOutcome => ({
  outcome: 'refused',
  reason: `ptz-${why}: ${user} (level ${level}) ${why === 'held' ? 'steers' : 'has locked'} this camera`,
});
