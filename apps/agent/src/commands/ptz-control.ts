import type { CommandOutcome } from '../site/site-command.js';
import type { Command, Commander } from './command.js';
import { MoveWatch } from './move-watch.js';
import { PtzLock, type PtzDecision, type PtzHold, type PtzLockOptions } from './ptz-lock.js';

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

  decide(command: Command, who: Commander): PtzDecision {
    if (command.kind !== 'ptz-lock') return this.lock.steer(who);
    return command.locked ? this.lock.take(who) : this.lock.release(who);
  }
}

/** For whoever is refused. The name of the other is told: they are colleagues who share a camera. */
export const refusedBy = (why: 'held' | 'locked', { user, level }: PtzHold): CommandOutcome => ({
  outcome: 'refused',
  reason: `ptz-${why}: ${user} (level ${level}) ${why === 'held' ? 'steers' : 'has locked'} this camera`,
});
